public import Failures

/// Why a picture could not be used.
public enum ImageError: Error, Equatable {
    case missing(path: String)
    case unreadable(path: String, reason: String)
    case empty(name: String)
    /// The first bytes are those of no format that is read here.
    case notAnImage(name: String)
    case malformed(name: String, reason: String)
    case tooLarge(name: String, width: Int, height: Int, limit: Int)
    case unsupported(name: String, what: String)
    /// A preprocessor's settings ask for something that is not done here.
    case unsupportedPreparation(String)
}

extension ImageError: Failure {
    public var kind: FailureKind {
        switch self {
        case .missing, .unreadable: .notFound
        case .empty, .notAnImage, .malformed, .unsupported: .damagedFile
        case .tooLarge: .tooLarge
        case .unsupportedPreparation: .unsupportedModel
        }
    }

    public var subject: FailureSubject? {
        switch self {
        case .missing(let path), .unreadable(let path, _): .file(path)
        case .empty(let name), .notAnImage(let name), .malformed(let name, _), .tooLarge(let name, _, _, _),
            .unsupported(let name, _):
            .file(name)
        case .unsupportedPreparation: .file("preprocessor_config.json")
        }
    }

    public var problem: String {
        switch self {
        case .missing: "does not exist"
        case .unreadable(_, let reason): "cannot be read: \(reason)"
        case .empty: "is empty"
        case .notAnImage: "is not a picture this program reads"
        case .malformed(_, let reason): "is damaged: \(reason)"
        case .tooLarge(_, let width, let height, let limit):
            "is \(width)×\(height) pixels, more than the limit of \(limit)"
        case .unsupported(_, let what): "\(what) cannot be read"
        case .unsupportedPreparation(let what): "asks for \(what), which this program does not do"
        }
    }

    public var remedy: Remedy? {
        switch self {
        case .missing, .empty: .advice("give a JPEG, PNG or WebP picture")
        case .unreadable: .advice("give a picture's file or a pipe that can be read")
        case .notAnImage, .unsupported: .advice("convert it to JPEG, PNG or WebP, as in: magick FILE picture.png")
        case .malformed: .advice("save or download it again")
        case .tooLarge(_, let width, let height, _):
            // Both are bounded by their formats, and were multiplied to get here or overflowed.
            .anyOf([
                .advice("make it smaller"),
                .give(
                    .maximumPixels,
                    "at least \(width.multipliedReportingOverflow(by: height).overflow ? Int.max : width * height)"),
            ])
        case .unsupportedPreparation: .advice("use the checkpoint's own file")
        }
    }
}
