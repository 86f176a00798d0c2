/// A graph written out as OpenVINO IR, version 11.
///
/// The IR addresses one weights buffer: the checkpoint's tensors at the offsets of the ``WeightTable`` and, from
/// ``constantsOffset`` on, ``constants``. Put them there before the runtime reads the graph; a `.bin` file beside the
/// XML is that same buffer written out.
public struct EmittedGraph: Sendable, Hashable {
    public let xml: String
    public let constants: [UInt8]
    public let constantsOffset: Int
    /// The checkpoint's tensors that the graph reads, each once, in the order of their first use.
    public let weights: [WeightUse]

    /// The least size that the weights buffer may have.
    public var requiredBufferSize: Int { constantsOffset + constants.count }
}

/// One tensor of the checkpoint in a graph.
public struct WeightUse: Sendable, Hashable {
    public let tensor: WeightTensor
    /// Whether the graph reads it as a ``MatrixWeight``, which may be quantised.
    public let isMatrix: Bool
}

extension GraphBuilder {
    /// Writes the graph out for a weights buffer that holds the small constants at `constantsOffset`. The same graph
    /// gives the same text. Linear in the number of operations.
    public func emit(constantsOffset: Int) throws -> EmittedGraph {
        guard constantsOffset >= 0, constantsOffset % ConstantPool.alignment == 0 else {
            throw GraphError.configuration(
                key: "constantsOffset",
                reason: "must be a multiple of \(ConstantPool.alignment), not \(constantsOffset)")
        }
        guard constantsOffset <= Int.max - pool.bytes.count else {
            throw GraphError.configuration(key: "constantsOffset", reason: "leaves no room for the constants")
        }
        var writer = IRWriter()
        writer.write(name: name, nodes: nodes, constantsOffset: constantsOffset)
        return EmittedGraph(
            xml: writer.text, constants: pool.bytes, constantsOffset: constantsOffset, weights: weightUses)
    }
}
