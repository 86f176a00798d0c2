/// Why a graph could not be built. Every message names the place and, where there is one, the remedy.
public enum GraphError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Two operands do not fit each other; `node` is the name of the operation being built.
    case shapeMismatch(node: String, reason: String)
    /// An operand has a type that the operation does not take.
    case typeMismatch(node: String, reason: String)
    /// A tensor that the graph needs is not in the checkpoint.
    case missingTensor(name: String)
    /// A tensor of the checkpoint has another shape than the configuration says.
    case tensorShape(name: String, expected: GraphShape, found: GraphShape)
    /// A tensor of the checkpoint has a type that cannot be used in its place.
    case tensorType(name: String, expected: String, found: GraphElementType)
    /// A tensor's bytes are not as many as its shape and type need, or lie outside the weights.
    case tensorBytes(name: String, reason: String)
    /// A configuration value is out of range or contradicts another.
    case configuration(key: String, reason: String)
    /// The manifest of a model folder cannot be used.
    case manifest(path: String, reason: String)
    /// The checkpoint's tensors follow none of the naming schemes known.
    case unknownLayout(sample: [String])

    public var description: String {
        switch self {
        case .shapeMismatch(let node, let reason): "cannot build \(node): \(reason)"
        case .typeMismatch(let node, let reason): "cannot build \(node): \(reason)"
        case .missingTensor(let name):
            "the checkpoint has no tensor \(name); check that every shard of the checkpoint is there"
        case .tensorShape(let name, let expected, let found):
            "tensor \(name) has shape \(found) where config.json asks for \(expected); "
                + "the configuration and the weights do not belong together"
        case .tensorType(let name, let expected, let found):
            "tensor \(name) is \(found.rawValue) where \(expected) is needed"
        case .tensorBytes(let name, let reason): "tensor \(name) is damaged: \(reason)"
        case .configuration(let key, let reason): "configuration value \(key) \(reason)"
        case .manifest(let path, let reason): "\(path) \(reason); import the checkpoint again"
        case .unknownLayout(let sample):
            "the tensor names follow no known layout (llava-hf old or new, original LLaVA); found "
                + (sample.isEmpty ? "no tensors" : sample.joined(separator: ", "))
        }
    }
}
