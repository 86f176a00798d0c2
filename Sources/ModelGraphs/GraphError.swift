/// Why a graph could not be built from a checkpoint.
public enum GraphError: Error, Equatable {
    case missingTensor(name: String, file: String)
    case wrongShape(name: String, expected: [Int], found: [Int])
    case unsupportedType(name: String, type: String)
    /// The names of a checkpoint follow none of the known layouts.
    case unknownLayout(file: String)
    /// An operation was given inputs it cannot take: a mistake in this module.
    case invalidOperation(String)
}

extension GraphError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missingTensor(let name, let file): "\(file) holds no tensor '\(name)'; download the checkpoint again"
        case .wrongShape(let name, let expected, let found):
            "tensor '\(name)' has the shape \(found), config.json asks for \(expected); the two do not belong together"
        case .unsupportedType(let name, let type):
            "tensor '\(name)' is of type \(type); weights must be F32, F16 or BF16"
        case .unknownLayout(let file):
            "the tensors of \(file) follow no known layout; supported are Hugging Face's LLaVA-NeXT and LLaVA-1.5"
        case .invalidOperation(let what): "a graph could not be built: \(what)"
        }
    }
}
