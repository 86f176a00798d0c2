/// What is wrong with a checkpoint folder. Each message names the file and a remedy.
public enum CheckpointError: Error, Equatable {
    /// A folder or file that must be there is not.
    case missing(path: String, remedy: String)
    /// A file is there but cannot be read.
    case unreadable(path: String, reason: String)
    /// A file's contents are damaged or contradict themselves.
    case malformed(path: String, reason: String)
    /// A file is sound but asks for something this project does not run.
    case unsupported(path: String, found: String, supported: String)
}

extension CheckpointError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path, let remedy): "\(path) does not exist; \(remedy)"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .malformed(let path, let reason): "\(path) is damaged: \(reason); download or export the checkpoint again"
        case .unsupported(let path, let found, let supported):
            "\(path): \(found) is not supported; supported: \(supported)"
        }
    }
}
