public import Failures

/// What can go wrong with a language model that is served elsewhere. Messages hold what it said itself.
public enum RemoteLanguageError: Error, Equatable, Sendable {
    /// An address, or an option beside it, that cannot be used.
    case invalidAddress(String, reason: String)
    /// None of its servers can be reached.
    case unavailable(String)
    /// It serves another model than ours, or not as it must be served.
    case mismatch(url: String, reason: String, remedy: Remedy)
    /// It refuses a request.
    case refused(url: String, status: Int, message: String)
    /// It failed, or the connection broke, in the middle of an answer.
    case interrupted(url: String, reason: String)
    /// It was silent for too long.
    case timedOut(url: String, what: String, seconds: Double)
    /// What it sent is not what its API says.
    case protocolViolation(url: String, reason: String)
    /// The folder holds the vision half alone, and no server is named.
    case missing
    /// A prompt's embeddings cannot be put into what is sent.
    case unsendable(String)
}

extension RemoteLanguageError: Failure {
    public var kind: FailureKind {
        switch self {
        case .invalidAddress: .invalidRequest
        case .unavailable, .timedOut: .overloaded
        case .mismatch, .missing: .unsupportedModel
        case .refused, .interrupted, .protocolViolation, .unsendable: .internal
        }
    }

    public var subject: FailureSubject? {
        switch self {
        case .invalidAddress, .mismatch: .parameter(.languageModelURL)
        case .missing: .parameter(.model)
        default: nil
        }
    }

    public var problem: String {
        switch self {
        case .invalidAddress(let address, let reason): "cannot be \(FailureText.quoted(address)): \(reason)"
        case .unavailable(let reason): "no server of the language model can be reached: \(reason)"
        case .mismatch(let url, let reason, _): "does not fit: \(url) \(reason)"
        case .refused(let url, let status, let message):
            "the language model at \(url) refused the request with status \(status): \(message)"
        case .interrupted(let url, let reason): "the language model at \(url) broke off: \(reason)"
        case .timedOut(let url, let what, let seconds):
            "the language model at \(url) sent no \(what) within \(seconds) seconds"
        case .protocolViolation(let url, let reason):
            "the language model at \(url) sent what is not expected: \(reason)"
        case .missing: "cannot answer: the folder was imported without its language model"
        case .unsendable(let reason): "the prompt cannot be sent to the language model: \(reason)"
        }
    }

    public var remedy: Remedy? {
        switch self {
        case .invalidAddress: .give(.languageModelURL, "an address such as http://host:8000/v1, or several with commas")
        case .unavailable, .timedOut, .interrupted: .retry(afterSeconds: nil)
        case .mismatch(_, _, let remedy): remedy
        case .missing:
            .anyOf([
                .give(.languageModelURL, "the address of the server that has it"),
                .advice("import the checkpoint whole"),
            ])
        case .unsendable: .give(.languageModelRows, "bf16 or f32")
        case .refused, .protocolViolation: nil
        }
    }
}
