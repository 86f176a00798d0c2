/// Why an import could not be done. Every message says what to do.
public enum ImportError: Error, Sendable, Hashable, CustomStringConvertible {
    case destinationExists(path: String)
    case destinationInUse(path: String)
    case diskFull(path: String, needed: Int, free: Int)
    case cannotWrite(path: String, reason: String)
    /// A weight that is not a finite number, or too large for the format.
    case unusableValues(tensor: String, file: String, reason: String)
    /// A file the model cannot do without.
    case missingFile(path: String, remedy: String)
    /// A language model of another exporter that does not fit the checkpoint.
    case foreignModel(path: String, reason: String)

    public var description: String {
        switch self {
        case .destinationExists(let path): "\(path) exists already; remove it or give another destination"
        case .destinationInUse(let path):
            "another import is writing to \(path); wait for it or give another destination"
        case .diskFull(let path, let needed, let free):
            "\(path) needs \(megabytes(needed)) MB and the disk has \(megabytes(free)) MB free; "
                + "free some space or give a destination on another disk"
        case .cannotWrite(let path, let reason): "\(path) cannot be written (\(reason)); check the disk and permissions"
        case .unusableValues(let tensor, let file, let reason):
            "tensor \(tensor) of \(file) \(reason); the checkpoint is damaged, download it again"
        case .missingFile(let path, let remedy): "\(path) does not exist; \(remedy)"
        case .foreignModel(let path, let reason):
            "\(path) cannot take the language model's place: \(reason); export the same checkpoint with its language "
                + "model in inputs_embeds form"
        }
    }

    private func megabytes(_ bytes: Int) -> Int { bytes / 1_000_000 + (bytes % 1_000_000 > 0 ? 1 : 0) }
}
