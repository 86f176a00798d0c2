public import ElementTypes

/// One output of an operation in a graph under construction.
public struct GraphValue: Sendable, Hashable {
    let node: Int
    public let elementType: ElementType
    public let shape: GraphShape
}

/// Builds a graph operation by operation and emits it as OpenVINO IR.
///
/// Every operation infers its result's type and shape, so a model that does not fit its weights is refused while it is
/// built, with the operation's name, and not by the runtime later. Values belong to the builder that made them.
///
/// Source: operation semantics and attributes are those of OpenVINO's operation sets 1 to 13, as `ov::save_model` of
/// OpenVINO 2026.4.1 writes them.
public final class GraphBuilder {
    struct Node {
        var name: String
        var type: String
        var version: String
        var attributes: [(name: String, value: String)]
        var inputs: [GraphValue]
        /// Nil for operations without an output (`Result`, `Assign`).
        var output: (type: ElementType, shape: GraphShape)?
        var tensorName: String?
        /// Bytes of a constant: in the checkpoint's weights or in the pool.
        var storage: Storage?
        var isDecompression = false
    }

    enum Storage {
        case weights(offset: Int, byteCount: Int)
        case pool(offset: Int, byteCount: Int)
    }

    public let name: String
    private(set) var nodes: [Node] = []
    private(set) var pool = ConstantPool()
    /// The checkpoint's tensors in the order of their first use.
    private(set) var weightUses: [WeightUse] = []
    private var usedWeights: Set<String> = []
    private var scopes: [String] = []
    private var usedNames: Set<String> = []
    private var nameCounts: [String: Int] = [:]

    public init(name: String) {
        self.name = name
    }

    // MARK: Names

    /// Puts `scope` before the names of all operations that `body` makes.
    public func scope<Result>(_ scope: String, _ body: () throws -> Result) rethrows -> Result {
        scopes.append(scope)
        defer { scopes.removeLast() }
        return try body()
    }

    /// The name the next operation of this kind will have; errors name it.
    func scopedName(_ kind: String) -> String {
        (scopes + [kind]).joined(separator: "/")
    }

    private func uniqueName(_ wanted: String) -> String {
        if usedNames.insert(wanted).inserted { return wanted }
        var count = nameCounts[wanted, default: 0]
        var candidate: String
        repeat {
            count += 1
            candidate = "\(wanted)_\(count)"
        } while !usedNames.insert(candidate).inserted
        nameCounts[wanted] = count
        return candidate
    }

    // MARK: Adding operations

    @discardableResult
    func add(
        _ type: String, _ version: String, attributes: [(name: String, value: String)] = [], inputs: [GraphValue] = [],
        output: (type: ElementType, shape: GraphShape)?, exactName: String? = nil, storage: Storage? = nil
    ) throws -> GraphValue {
        let name: String
        if let exactName {
            // Contracts hang on these names, so a clash cannot be settled by a suffix.
            guard usedNames.insert(exactName).inserted else {
                throw GraphError.shapeMismatch(
                    node: exactName, reason: "an operation of that name is already in the graph")
            }
            name = exactName
        } else {
            name = uniqueName(scopedName(type))
        }
        nodes.append(
            Node(
                name: name, type: type, version: version, attributes: attributes, inputs: inputs, output: output,
                storage: storage))
        let index = nodes.count - 1
        return GraphValue(node: index, elementType: output?.type ?? .f32, shape: output?.shape ?? [])
    }

    func recordUse(of tensor: WeightTensor, isMatrix: Bool) {
        guard usedWeights.insert(tensor.name).inserted else { return }
        weightUses.append(WeightUse(tensor: tensor, isMatrix: isMatrix))
    }

    func setTensorName(_ name: String, of value: GraphValue) {
        nodes[value.node].tensorName = name
    }

    func markDecompression(_ value: GraphValue) {
        nodes[value.node].isDecompression = true
    }

    func insertIntoPool(_ bytes: [UInt8]) -> Storage {
        .pool(offset: pool.insert(bytes), byteCount: bytes.count)
    }
}
