public import Failures

/// Why a checkpoint's chat template could not be used.
public enum JinjaError: Error, Equatable {
    case syntax(String)
    case unsupported(String)
    /// The template refused the conversation.
    case raised(String)
    /// What Jinja itself fails at: a type that does not fit, something undefined.
    case failed(String)
    /// It goes beyond a bound: "nests deeper than 64 levels".
    case tooLarge(String)

    static let bigInteger = JinjaError.unsupported("an integer of more than 64 bits")
}

extension JinjaError: Failure {
    public var kind: FailureKind {
        switch self {
        case .syntax: .damagedFile
        case .unsupported, .tooLarge: .unsupportedModel
        case .raised, .failed: .invalidRequest
        }
    }

    public var subject: FailureSubject? { .named("the checkpoint's chat template") }

    public var problem: String {
        switch self {
        case .syntax(let reason): "cannot be read: \(Self.shown(reason))"
        case .unsupported(let what): "uses \(Self.shown(what)), which is not supported"
        case .raised(let message): "refuses this conversation: \(Self.shown(message))"
        case .failed(let reason): "fails on this conversation: \(Self.shown(reason))"
        case .tooLarge(let what): what
        }
    }

    /// Names and messages come from the template: one line, not endless.
    private static func shown(_ text: String) -> String {
        let limit = 300
        var shown = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return text.unicodeScalars.count > limit ? shown + "…" : shown
    }

    public var remedy: Remedy? {
        if case .raised = self { return nil }
        return .give(.template, "another")
    }
}
