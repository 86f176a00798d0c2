/// Why a tokenizer or a chat template could not be used.
public enum TokenizerError: Error, Equatable {
    case missing(path: String)
    case unreadable(path: String, reason: String)
    case malformed(path: String, reason: String)
    case unsupported(path: String, component: String, supported: String)
}

extension TokenizerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path):
            "\(path) does not exist; a checkpoint folder needs its tokenizer.json or tokenizer.model, download it from the "
                + "checkpoint's page"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .malformed(let path, let reason): "\(path) is damaged: \(reason); download it again"
        case .unsupported(let path, let component, let supported):
            "\(path): \(component) is not supported; supported: \(supported)"
        }
    }
}
