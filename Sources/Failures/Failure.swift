/// An error that a user can cause or mend, as data: the command line and the server each put it into their own words in
/// one place, with their own names for parameters.
public protocol Failure: Error, CustomStringConvertible {
    var kind: FailureKind { get }
    /// What it is about; nil where nothing can be named.
    var subject: FailureSubject? { get }
    /// What is wrong, without the subject, as it goes on a line: "has 76 bytes instead of 379076".
    var problem: String { get }
    /// What to do about it; nil where nothing can be done.
    var remedy: Remedy? { get }
}

/// What sort of failure it is; decides an exit code or an HTTP status.
public enum FailureKind: String, Sendable, Hashable, CaseIterable {
    /// A parameter, a prompt or a picture that cannot be used as it is given.
    case invalidRequest
    /// The request is larger than a limit: a context, a cache, a number of pixels.
    case tooLarge
    /// It could be done later: a queue is full, a deadline has passed.
    case overloaded
    /// A file or folder that must exist does not, or cannot be read.
    case notFound
    /// A file contradicts its format, or files do not fit each other.
    case damagedFile
    /// Well formed, but something this program does not do, or the machine cannot hold.
    case unsupportedModel
    /// A file or folder cannot be written.
    case cannotWrite
    /// A fault of this program or of the runtime under it.
    case `internal`
}

/// What a failure is about.
public enum FailureSubject: Sendable, Hashable {
    case parameter(Parameter)
    /// A path, or a name inside a folder.
    case file(String)
    /// Anything else that has a name: a picture of a request, a tensor.
    case named(String)
}

/// What to do about a failure.
public enum Remedy: Sendable, Hashable {
    /// Give a parameter what the text says: "a number above 0 and at most 1".
    case give(Parameter, String)
    /// Leave a parameter out.
    case omit(Parameter)
    /// Something that names no parameter: "download it again".
    case advice(String)
    /// One of several.
    case anyOf([Remedy])
    /// Try again, after so many seconds where that can be told.
    case retry(afterSeconds: Double?)
}

extension Failure {
    /// For logs and tests: with the parameters' own names.
    public var description: String { FailureText.line(of: self) { $0.rawValue } }
}

/// A failure as one line of text.
public enum FailureText {
    /// - Parameter name: what the reader calls a parameter, as in `--max-tokens`.
    public static func line(of failure: any Failure, name: (Parameter) -> String) -> String {
        var text = ""
        switch failure.subject {
        case .parameter(let parameter): text = name(parameter) + " "
        case .file(let path): text = path + ": "
        case .named(let what): text = what + " "
        case nil: break
        }
        text += failure.problem
        if let remedy = failure.remedy { text += "; " + Self.text(remedy, name: name) }
        return text
    }

    /// Text from outside, shortened and without control characters, fit for one line of a message.
    public static func quoted(_ text: String) -> String {
        let limit = 80
        var shown = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
        }
        return text.unicodeScalars.count > limit ? "\"\(shown)…\"" : "\"\(shown)\""
    }

    /// A remedy as the second half of a sentence.
    public static func text(_ remedy: Remedy, name: (Parameter) -> String) -> String {
        switch remedy {
        case .give(let parameter, let what): "give \(name(parameter)) \(what)"
        case .omit(let parameter): "leave \(name(parameter)) out"
        case .advice(let text): text
        case .anyOf(let remedies): remedies.map { Self.text($0, name: name) }.joined(separator: ", or ")
        case .retry(let seconds):
            seconds.map { "try again in \(Int($0) + 1) seconds" } ?? "try again later"
        }
    }
}
