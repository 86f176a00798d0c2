public import ElementTypes
public import Failures

/// Why a graph could not be built. Every message names the place and, where there is one, the remedy.
public enum GraphError: Error, Sendable, Hashable {
    /// Two operands do not fit each other; `node` is the name of the operation being built.
    case shapeMismatch(node: String, reason: String)
    /// An operand has a type that the operation does not take.
    case typeMismatch(node: String, reason: String)
    /// A tensor that the graph needs is not in the checkpoint.
    case missingTensor(name: String)
    /// A tensor of the checkpoint has another shape than the configuration says.
    case tensorShape(name: String, expected: GraphShape, found: GraphShape)
    /// A tensor of the checkpoint has a type that cannot be used in its place.
    case tensorType(name: String, expected: String, found: ElementType)
    /// A tensor's bytes are not as many as its shape and type need, or lie outside the weights.
    case tensorBytes(name: String, reason: String)
    /// A configuration value is out of range or contradicts another.
    case configuration(key: String, reason: String)
    /// The manifest of a model folder cannot be used.
    case manifest(path: String, reason: String)
    /// The checkpoint's tensors follow none of the naming schemes known.
    case unknownLayout(sample: [String])
}

extension GraphError: Failure {
    public var kind: FailureKind {
        switch self {
        case .shapeMismatch, .typeMismatch: .internal
        case .missingTensor, .tensorShape, .tensorBytes, .manifest: .damagedFile
        case .tensorType, .configuration, .unknownLayout: .unsupportedModel
        }
    }

    public var subject: FailureSubject? {
        switch self {
        case .shapeMismatch(let node, _), .typeMismatch(let node, _): .named("graph node \(node)")
        case .missingTensor: .named("the checkpoint")
        case .tensorShape(let name, _, _), .tensorType(let name, _, _), .tensorBytes(let name, _):
            .named("tensor \(name)")
        case .configuration(let key, _): .named("configuration value \(key)")
        case .manifest(let path, _): .file(path)
        case .unknownLayout: .named("the checkpoint's tensor names")
        }
    }

    public var problem: String {
        switch self {
        case .shapeMismatch(_, let reason), .typeMismatch(_, let reason): "cannot be built: \(reason)"
        case .missingTensor(let name): "has no tensor \(name)"
        case .tensorShape(_, let expected, let found): "has shape \(found) where config.json asks for \(expected)"
        case .tensorType(_, let expected, let found): "is \(found.rawValue) where \(expected) is needed"
        case .tensorBytes(_, let reason): "is damaged: \(reason)"
        case .configuration(_, let reason), .manifest(_, let reason): reason
        case .unknownLayout(let sample):
            "follow no known layout (llava-hf old or new, original LLaVA, InternVL -hf); found "
                + (sample.isEmpty ? "no tensors" : sample.joined(separator: ", "))
        }
    }

    public var remedy: Remedy? {
        switch self {
        case .missingTensor: .advice("check that every shard of the checkpoint is there")
        case .tensorShape:
            .advice("the configuration and the weights do not belong together: use those of one checkpoint")
        case .tensorBytes: .advice("download it again")
        case .manifest: .advice("import the checkpoint again")
        case .shapeMismatch, .typeMismatch, .tensorType, .configuration, .unknownLayout: nil
        }
    }
}
