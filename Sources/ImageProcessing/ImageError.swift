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

extension ImageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path): "\(path) does not exist; give the path of a JPEG, PNG or WebP picture"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .empty(let name): "\(name) is empty; give a JPEG, PNG or WebP picture"
        case .notAnImage(let name): "\(name) is not a picture this program reads; convert it to JPEG, PNG or WebP"
        case .malformed(let name, let reason): "\(name) is damaged: \(reason); save or download it again"
        case .tooLarge(let name, let width, let height, let limit):
            "\(name) is \(width)×\(height) pixels, more than the limit of \(limit / 1_000_000) million; make it smaller"
        case .unsupported(let name, let what): "\(name): \(what) cannot be read; convert it to JPEG, PNG or WebP"
        case .unsupportedPreparation(let what):
            "preprocessor_config.json asks for \(what), which this program does not do; use the checkpoint's own file"
        }
    }
}
