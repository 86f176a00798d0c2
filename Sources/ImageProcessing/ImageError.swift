public import Failures

/// Why a picture could not be used.
public enum ImageError: Error, Equatable {
    case missing(path: String)
    case folder(path: String)
    case unreadable(path: String, reason: String)
    case empty(name: String)
    /// More bytes than the largest picture that is decoded can take.
    case tooManyBytes(name: String, limit: Int)
    /// The first bytes are those of no format that is known here.
    case notAnImage(name: String)
    /// Something else, which has a name.
    case foreign(name: String, format: ForeignFormat)
    case malformed(name: String, reason: String)
    case tooLarge(name: String, width: Int, height: Int, limit: Int)
    /// Within the limit, and more than the machine's memory holds.
    case tooLargeForMemory(name: String, width: Int, height: Int)
    /// Larger in one direction than a resize can do in bounded time.
    case tooElongated(width: Int, height: Int)
    /// A kind of JPEG, PNG or WebP that is not read.
    case unsupported(name: String, what: String)
    /// A preprocessor's settings ask for something that is not done here.
    case unsupportedPreparation(String)
}

extension ImageError: Failure {
    public var kind: FailureKind {
        switch self {
        case .missing, .folder, .unreadable: .notFound
        case .empty, .notAnImage, .foreign, .malformed, .unsupported: .damagedFile
        case .tooLarge, .tooLargeForMemory, .tooManyBytes, .tooElongated: .tooLarge
        case .unsupportedPreparation: .unsupportedModel
        }
    }

    public var subject: FailureSubject? {
        switch self {
        case .missing(let path), .folder(let path), .unreadable(let path, _): .file(path)
        case .empty(let name), .notAnImage(let name), .malformed(let name, _), .tooLarge(let name, _, _, _),
            .unsupported(let name, _), .foreign(let name, _), .tooManyBytes(let name, _),
            .tooLargeForMemory(let name, _, _):
            .file(name)
        case .tooElongated(let width, let height): .named("a picture of \(width)×\(height) pixels")
        case .unsupportedPreparation: .file("preprocessor_config.json")
        }
    }

    public var problem: String {
        switch self {
        case .missing: "does not exist"
        case .folder: "is a folder"
        case .unreadable(_, let reason): "cannot be read: \(reason)"
        case .empty: "is empty"
        case .tooManyBytes(_, let limit):
            "is longer than \(limit / 1_000_000) million bytes, more than any picture allowed"
        case .notAnImage: "is not a picture this program reads"
        case .foreign(_, let format): "is \(format.name)"
        case .malformed(_, let reason): "is damaged: \(reason)"
        case .tooLarge(_, let width, let height, let limit):
            limit >= 1_000_000 && limit % 1_000_000 == 0
                ? "is \(width)×\(height) pixels, more than the limit of \(limit / 1_000_000) million"
                : "is \(width)×\(height) pixels, more than the limit of \(limit)"
        case .tooLargeForMemory(_, let width, let height):
            "is \(width)×\(height) pixels, more than this machine's memory holds"
        case .tooElongated: "is too elongated to be resized"
        case .unsupported(_, let what): "\(what) cannot be read"
        case .unsupportedPreparation(let what): "asks for \(what), which this program does not do"
        }
    }

    public var remedy: Remedy? {
        switch self {
        case .missing, .empty, .folder: .advice("give a JPEG, PNG or WebP picture")
        case .unreadable: .advice("check the file's permissions")
        case .notAnImage, .unsupported: .advice("convert it to JPEG, PNG or WebP")
        case .foreign(_, let format): .advice(format.advice)
        case .malformed: .advice("save or download it again")
        case .tooLarge(_, let width, let height, _):
            .anyOf([.give(.maximumPixels, "\(width * height) or more"), .advice("make the picture smaller")])
        case .tooManyBytes: .anyOf([.give(.maximumPixels, "a larger number"), .advice("make the picture smaller")])
        case .tooLargeForMemory: .advice("make the picture smaller")
        case .tooElongated: .advice("cut it into pieces")
        case .unsupportedPreparation: .advice("use the checkpoint's own file")
        }
    }
}
