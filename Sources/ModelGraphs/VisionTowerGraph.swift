public import Checkpoints
internal import OpenVINO

/// The CLIP vision tower as a graph that ends at the deepest layer asked for.
///
/// Input `pixels` [P, S, S, 3] u8. Output `features` [P, N, C] f32 (patches; CLS first when the checkpoint keeps it), and
/// one output for each tap. Follows Transformers 4.57.6, models/clip/modeling_clip.py.
public struct VisionTowerGraph {
    /// What is read from a layer besides its output. N patches, H heads, width C; CLS column left out.
    public struct Tap: Sendable, Hashable {
        public enum Kind: String, Sendable {
            /// CLS row of the attention, summed over heads: [P, N].
            case classAttention = "cls_attention"
            /// The same per head: [P, H, N].
            case classAttentionPerHead = "cls_attention_per_head"
            /// CLS row of softmax(q·kᵀ/√C), not split into heads: [P, N].
            case classAttentionUnsplit = "cls_attention_unsplit"
            /// Keys: [P, N, C].
            case keys = "keys"
        }

        public let kind: Kind
        /// 0-based layer.
        public let layer: Int

        public init(_ kind: Kind, layer: Int) {
            self.kind = kind
            self.layer = layer
        }

        public var portName: String { "\(kind.rawValue).\(layer)" }
    }

    public static let pixels = "pixels"
    public static let features = "features"

    public let config: VisionConfig
    /// Which hidden state is the output: the output of layer `featureHiddenState - 1`.
    public let featureHiddenState: Int
    public let keepsClassFeature: Bool
    public let taps: [Tap]
    /// pixel · rescale, then (− mean) / deviation, by channel.
    public let rescale: Double
    public let mean: [Double]
    public let deviation: [Double]

    public init(_ config: VisionLanguageConfig, preprocessor: PreprocessorConfig, taps: [Tap]) {
        self.config = config.vision
        featureHiddenState = config.featureHiddenState
        keepsClassFeature = config.featureSelection == .full
        self.taps = taps
        rescale = preprocessor.rescaleFactor
        mean = preprocessor.mean
        deviation = preprocessor.standardDeviation
    }

    /// The IR's XML; constants go into the weights' pool.
    ///
    /// - Throws: `GraphError` for tensors that are missing or of another shape.
    public func emit(_ weights: CheckpointWeights) throws -> String {
        let prefix = weights.layout.vision
        let width = config.hiddenSize
        let count = config.tokensPerSide * config.tokensPerSide
        var graph = GraphBuilder(name: "vision_tower") { try weights.mapped.addConstants($0) }
        let pixels = graph.parameter(Self.pixels, .u8, [-1, config.imageSize, config.imageSize, 3])
        var image = graph.convert(pixels, to: .f32)
        image = try graph.multiply(image, try graph.scalar(Float(rescale)))
        image = try graph.subtract(image, try graph.constant(mean.map { Float($0) }, shape: [1, 1, 1, 3]))
        image = try graph.divide(image, try graph.constant(deviation.map { Float($0) }, shape: [1, 1, 1, 3]))
        image = try graph.transpose(image, [0, 3, 1, 2])
        let kernel = try graph.weight(
            prefix + "embeddings.patch_embedding.weight", [width, 3, config.patchSize, config.patchSize], from: weights)
        let patches = try graph.transpose(
            try graph.reshape(try graph.patchConvolution(image, kernel: kernel), [0, 0, count]), [0, 2, 1])

        let batch = try graph.gather(graph.shapeOf(pixels), try graph.vector([0]), axis: 0)
        let target = try graph.concat([batch, try graph.vector([1, Int64(width)])], axis: 0)
        let classToken = graph.broadcast(
            try graph.reshape(
                try graph.weight(prefix + "embeddings.class_embedding", [width], from: weights), [1, 1, width]),
            to: target, inferred: [-1, 1, width])
        var hidden = try graph.concat([classToken, patches], axis: 1)
        hidden = try graph.add(
            hidden,
            try graph.weight(prefix + "embeddings.position_embedding.weight", [count + 1, width], from: weights))
        hidden = try graph.layerNorm(hidden, prefix + "pre_layrnorm", epsilon: config.layerNormEpsilon, from: weights)

        let deepest = max(featureHiddenState - 1, taps.map(\.layer).max() ?? 0)
        var output = hidden
        for layer in 0...deepest {
            hidden = try self.layer(layer, hidden, prefix: prefix, weights: weights, graph: &graph)
            if layer + 1 == featureHiddenState { output = hidden }
        }
        if !keepsClassFeature { output = try graph.slice(output, axis: 1, from: 1, to: count + 1) }
        graph.result(output, Self.features)
        return graph.xml()
    }

    private func layer(
        _ index: Int, _ input: Value, prefix: String, weights: CheckpointWeights, graph: inout GraphBuilder
    ) throws -> Value {
        let name = "\(prefix)encoder.layers.\(index)."
        let width = config.hiddenSize
        let size = width / config.headCount
        var x = try graph.layerNorm(input, name + "layer_norm1", epsilon: config.layerNormEpsilon, from: weights)
        let q = try graph.linear(x, name + "self_attn.q_proj", inputs: width, outputs: width, bias: true, from: weights)
        let k = try graph.linear(x, name + "self_attn.k_proj", inputs: width, outputs: width, bias: true, from: weights)
        let v = try graph.linear(x, name + "self_attn.v_proj", inputs: width, outputs: width, bias: true, from: weights)
        let heads = try (
            graph.splitHeads(q, heads: config.headCount, size: size),
            graph.splitHeads(k, heads: config.headCount, size: size),
            graph.splitHeads(v, heads: config.headCount, size: size)
        )
        for tap in taps where tap.layer == index {
            try emit(tap, q: q, k: k, queries: heads.0, keys: heads.1, graph: &graph)
        }
        x = try graph.mergeHeads(try graph.attention(heads.0, heads.1, heads.2))
        x = try graph.linear(x, name + "self_attn.out_proj", inputs: width, outputs: width, bias: true, from: weights)
        let middle = try graph.add(input, x)
        x = try graph.layerNorm(middle, name + "layer_norm2", epsilon: config.layerNormEpsilon, from: weights)
        x = try graph.linear(
            x, name + "mlp.fc1", inputs: width, outputs: config.intermediateSize, bias: true, from: weights)
        x = try graph.activation(x, config.activation)
        x = try graph.linear(
            x, name + "mlp.fc2", inputs: config.intermediateSize, outputs: width, bias: true, from: weights)
        return try graph.add(middle, x)
    }

    /// The CLS query alone meets the keys: no N×N attention is written out.
    private func emit(_ tap: Tap, q: Value, k: Value, queries: Value, keys: Value, graph: inout GraphBuilder) throws {
        let count = config.tokensPerSide * config.tokensPerSide
        switch tap.kind {
        case .keys:
            graph.result(try graph.slice(k, axis: 1, from: 1, to: count + 1), tap.portName)
        case .classAttentionUnsplit:
            let row = try classRow(
                try graph.slice(q, axis: 1, from: 0, to: 1), k, width: config.hiddenSize, graph: &graph)
            graph.result(try graph.reshape(row, [0, count]), tap.portName)
        case .classAttention, .classAttentionPerHead:
            let size = config.hiddenSize / config.headCount
            let row = try classRow(try graph.slice(queries, axis: 2, from: 0, to: 1), keys, width: size, graph: &graph)
            let perHead = try graph.reshape(row, [0, config.headCount, count])
            let result =
                tap.kind == .classAttentionPerHead
                ? perHead : try graph.reduce("ReduceSum", perHead, axis: 1, keepsAxis: false)
            graph.result(result, tap.portName)
        }
    }

    private func classRow(_ query: Value, _ keys: Value, width: Int, graph: inout GraphBuilder) throws -> Value {
        let scores = try graph.matMul(query, keys, transposeB: true)
        let scaled = try graph.multiply(scores, try graph.scalar(1 / Float(width).squareRoot()))
        let row = graph.softmax(scaled)
        return try graph.slice(row, axis: row.rank - 1, from: 1, to: row.shape[row.rank - 1])
    }
}
