public import Failures

/// Why a checkpoint's chat template could not be used.
public enum JinjaError: Error, Equatable {
    case syntax(String)
    case unsupported(String)
    /// The template refused the conversation.
    case raised(String)
    case tooLong
}

extension JinjaError: Failure {
    public var kind: FailureKind {
        switch self {
        case .syntax: .damagedFile
        case .unsupported, .tooLong: .unsupportedModel
        case .raised: .invalidRequest
        }
    }

    public var subject: FailureSubject? { .named("the checkpoint's chat template") }

    public var problem: String {
        switch self {
        case .syntax(let reason): "cannot be read: \(reason)"
        case .unsupported(let what): "uses \(what), which is not supported"
        case .raised(let message): "refuses this conversation: \(message)"
        case .tooLong: "does not come to an end"
        }
    }

    public var remedy: Remedy? {
        if case .raised = self { return nil }
        return .give(.template, "another")
    }
}
