public import Checkpoints
internal import OpenVINO

/// The two-layer projector, run on kept features only.
///
/// Input `features` [K, C], output `image_embeddings` [K, D], f32.
public struct ProjectorGraph {
    public static let features = "features"
    public static let embeddings = "image_embeddings"

    public let config: VisionLanguageConfig

    public init(_ config: VisionLanguageConfig) { self.config = config }

    public func emit(_ weights: CheckpointWeights) throws -> String {
        let (inputs, outputs) = (config.vision.hiddenSize, config.text.hiddenSize)
        var graph = GraphBuilder(name: "projector") { try weights.mapped.addConstants($0) }
        var x = graph.parameter(Self.features, .f32, [-1, inputs])
        x = try graph.linear(
            x, weights.layout.projectorFirst, inputs: inputs, outputs: outputs, bias: config.projectorBias,
            from: weights)
        x = try graph.activation(x, config.projectorActivation)
        x = try graph.linear(
            x, weights.layout.projectorSecond, inputs: outputs, outputs: outputs, bias: config.projectorBias,
            from: weights)
        graph.result(x, Self.embeddings)
        return graph.xml()
    }
}

/// The table of token embeddings: `input_ids` [B, T] i64 → `inputs_embeds` [B, T, D] f32.
public struct TextEmbeddingsGraph {
    public let config: TextConfig

    public init(_ config: TextConfig) { self.config = config }

    public func emit(_ weights: CheckpointWeights) throws -> String {
        let shape = [config.vocabularySize, config.hiddenSize]
        var graph = GraphBuilder(name: "text_embeddings") { try weights.mapped.addConstants($0) }
        let ids = graph.parameter(PortName.inputIDs, .i64, [-1, -1])
        let table = try graph.weight(weights.layout.embedding, shape, from: weights)
        graph.result(try graph.gather(table, ids, axis: 0), PortName.inputsEmbeds)
        return graph.xml()
    }
}
