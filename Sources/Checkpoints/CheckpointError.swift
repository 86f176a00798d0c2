public import Failures

/// What is wrong with a checkpoint, which file it is in, and what to do about it.
public struct CheckpointError: Error, Sendable, Hashable {
    /// The kind of failure, for callers that map it to an exit status or an HTTP answer.
    public enum Code: String, Sendable, Hashable {
        /// A file or folder that must exist does not.
        case missing
        /// The system refused to open, map or read a file.
        case unreadable
        /// The contents contradict their format.
        case malformed
        /// Well-formed, but something this package does not do.
        case unsupported
        /// The caller asked for a tensor, or passed a buffer, that does not fit the checkpoint.
        case misuse
    }

    public let code: Code
    /// The file or folder, as a path or as a name inside the checkpoint folder.
    public let file: String
    public let problem: String
    /// What to do about it.
    public let advice: Remedy

    public init(_ code: Code, file: String, problem: String, remedy: String) {
        self.init(code, file: file, problem: problem, advice: .advice(remedy))
    }

    public init(_ code: Code, file: String, problem: String, advice: Remedy) {
        self.code = code
        self.file = file
        self.problem = problem
        self.advice = advice
    }
}

extension CheckpointError: Failure {
    public var kind: FailureKind {
        switch code {
        case .missing, .unreadable: .notFound
        case .malformed: .damagedFile
        case .unsupported: .unsupportedModel
        case .misuse: .internal
        }
    }

    public var subject: FailureSubject? { .file(file) }
    public var remedy: Remedy? { advice }
}

extension CheckpointError {
    /// A file that was cut short or overwritten on its way here.
    static func damaged(_ file: String, _ problem: String) -> CheckpointError {
        CheckpointError(
            .malformed, file: file, problem: problem, remedy: "the file is damaged or incomplete, download it again")
    }

    /// Text from a file, shortened and without control characters, fit for one line of a message.
    static func quoted(_ text: String) -> String { FailureText.quoted(text) }
}
