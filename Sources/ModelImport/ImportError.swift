public import Failures

/// Why an import could not be done. Every message says what to do.
public enum ImportError: Error, Sendable, Hashable {
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
}

extension ImportError: Failure {
    public var kind: FailureKind {
        switch self {
        case .destinationExists, .destinationInUse, .diskFull, .cannotWrite: .cannotWrite
        case .unusableValues: .damagedFile
        case .foreignModel: .unsupportedModel
        case .missingFile: .notFound
        }
    }

    public var subject: FailureSubject? {
        switch self {
        case .destinationExists(let path), .destinationInUse(let path), .diskFull(let path, _, _),
            .cannotWrite(let path, _), .missingFile(let path, _), .foreignModel(let path, _):
            .file(path)
        case .unusableValues(let tensor, let file, _): .named("tensor \(tensor) of \(file)")
        }
    }

    public var problem: String {
        switch self {
        case .destinationExists: "exists already"
        case .destinationInUse: "another import is writing to it"
        case .diskFull(_, let needed, let free):
            "needs \(megabytes(needed)) MB and the disk has \(megabytes(free)) MB free"
        case .cannotWrite(_, let reason): "cannot be written (\(reason))"
        case .unusableValues(_, _, let reason): reason
        case .missingFile: "does not exist"
        case .foreignModel(_, let reason): "cannot take the language model's place: \(reason)"
        }
    }

    public var remedy: Remedy? {
        switch self {
        case .destinationExists: .anyOf([.advice("remove it"), .give(.destination, "another path")])
        case .destinationInUse: .anyOf([.advice("wait for it"), .give(.destination, "another path")])
        case .diskFull: .anyOf([.advice("free some space"), .give(.destination, "a path on another disk")])
        case .cannotWrite: .advice("check the disk and permissions")
        case .unusableValues: .advice("the checkpoint is damaged, download it again")
        case .missingFile(_, let remedy): .advice(remedy)
        case .foreignModel:
            .advice("export the same checkpoint with its language model in inputs_embeds form")
        }
    }

    private func megabytes(_ bytes: Int) -> Int { bytes / 1_000_000 + (bytes % 1_000_000 > 0 ? 1 : 0) }
}
