public import Failures

/// Why a tokenizer or a chat template could not be used.
public enum TokenizerError: Error, Equatable {
    case missing(path: String)
    case unreadable(path: String, reason: String)
    case malformed(path: String, reason: String)
    case unsupported(path: String, component: String, supported: String)
    /// A text on which one of the tokenizer's regular expressions takes more steps or memory than it is given.
    case textNotCut(expression: String)
}

extension TokenizerError: Failure {
    public var kind: FailureKind {
        switch self {
        case .missing, .unreadable: .notFound
        case .malformed: .damagedFile
        case .unsupported: .unsupportedModel
        case .textNotCut: .invalidRequest
        }
    }

    public var subject: FailureSubject? {
        switch self {
        case .missing(let path), .unreadable(let path, _), .malformed(let path, _), .unsupported(let path, _, _):
            .file(path)
        case .textNotCut: .parameter(.prompt)
        }
    }

    public var problem: String {
        switch self {
        case .missing: "does not exist"
        case .unreadable(_, let reason): "cannot be read: \(reason)"
        case .malformed(_, let reason): "is damaged: \(reason)"
        case .unsupported(_, let component, let supported): "\(component) is not supported; supported: \(supported)"
        case .textNotCut(let expression):
            "cannot be cut into tokens: on this text the tokenizer's regular expression '\(expression)' takes too many steps"
        }
    }

    public var remedy: Remedy? {
        switch self {
        case .missing:
            .advice(
                "a checkpoint folder needs its tokenizer.json or tokenizer.model, download it from the checkpoint's page"
            )
        case .unreadable: .advice("check the file's permissions")
        case .malformed: .advice("download it again")
        case .unsupported: nil
        case .textNotCut: .advice("shorten it, or break up what repeats")
        }
    }
}
