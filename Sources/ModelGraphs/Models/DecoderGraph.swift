import ElementTypes
import OpenVINO

/// The language model: embeddings in, logits for every position out, keys and values kept as state.
///
/// Inputs and state follow optimum-intel's exports, so that the saved graph is an `openvino_language_model.xml` for
/// other tools too. The attention is written as `SDPAToPagedAttention` wants it: exact layer names, a mask input that
/// combines causality with `attention_mask`, state as ReadValue → Gather(beam_idx) → Concat, grouped heads repeated by
/// Unsqueeze → Broadcast → Reshape after the Concat, static head counts.
///
/// Source: Transformers 4.57.6, `models/llama/modeling_llama.py`; `mistral` and `qwen2` differ only in configuration,
/// `qwen3` (`models/qwen3/modeling_qwen3.py`) by the norms of its heads.
public enum DecoderGraph {
    /// - Parameters:
    ///   - prefix: what stands before `layers.0.` and `norm.weight`, such as `language_model.model.`.
    ///   - head: the output head's full name, such as `language_model.lm_head.weight`; not read when the head is tied.
    ///   - outputsAttention: gives the last token's attention in each layer, the mean over heads, in place of logits.
    ///   - constantsOffset: see ``EmittedGraph``.
    /// - Throws: ``GraphError`` for a configuration out of range, a missing tensor or one of the wrong shape.
    public static func emit(
        _ shape: DecoderShape, weights: WeightTable, prefix: String, head: String, outputsAttention: Bool = false,
        constantsOffset: Int
    ) throws -> EmittedGraph {
        try shape.validate()
        let graph = GraphBuilder(name: "language_model")
        let dynamic = GraphShape.dynamic
        let embeddings = try graph.parameter(PortName.inputsEmbeds, .f32, [dynamic, dynamic, shape.hiddenSize])
        let mask = try graph.parameter(PortName.attentionMask, .i64, [dynamic, dynamic])
        let positions = try graph.parameter(PortName.positionIDs, .i64, [dynamic, dynamic])
        let beams = try graph.parameter(PortName.beamIndex, .i32, [dynamic])

        let emitter = DecoderEmitter(
            graph: graph, shape: shape, weights: weights, prefix: prefix, outputsAttention: outputsAttention)
        let shared = try emitter.sharedInputs(
            embeddings: embeddings, attentionMask: mask, positions: positions, beams: beams)
        // The paged-attention pass forgets the width of `inputs_embeds`; without a static one the plugin computes the first
        // norm and the first projections the slow way.
        var hidden = try graph.reshape(embeddings, [0, 0, shape.hiddenSize])
        for layer in 0..<shape.layerCount {
            try graph.scope("layers.\(layer)") { hidden = try emitter.layer(layer, hidden, shared) }
        }
        // What nothing reads the runtime drops.
        guard !outputsAttention else { return try graph.emit(constantsOffset: constantsOffset) }
        let normalized = try graph.scope("norm") { try emitter.norm(hidden, prefix + "norm.weight") }
        let headMatrix = try MatrixWeight(
            shape.tiesHeadToEmbeddings ? prefix + "embed_tokens.weight" : head, rows: shape.vocabularySize,
            columns: shape.hiddenSize, in: weights)
        let logits = try graph.scope("head") { try graph.linear(normalized, headMatrix) }
        try graph.result(logits, PortName.logits)
        return try graph.emit(constantsOffset: constantsOffset)
    }
}

/// Writes the decoder's parts into one graph.
struct DecoderEmitter {
    let graph: GraphBuilder
    let shape: DecoderShape
    let weights: WeightTable
    let prefix: String
    let outputsAttention: Bool

    /// What every layer reads.
    struct SharedInputs {
        /// f32 [batch, 1, queries, keys], added to attention scores.
        var mask: GraphValue
        /// f32 [batch, 1, queries, head size].
        var cosine: GraphValue
        var sine: GraphValue
        var beams: GraphValue
        var embeddings: GraphValue
    }

    func sharedInputs(
        embeddings: GraphValue, attentionMask: GraphValue, positions: GraphValue, beams: GraphValue
    ) throws -> SharedInputs {
        let (cosine, sine) = try graph.scope("rotary") { try rotation(positions) }
        return SharedInputs(
            mask: try graph.scope("mask") { try self.mask(embeddings: embeddings, attentionMask: attentionMask) },
            cosine: cosine, sine: sine, beams: beams, embeddings: embeddings)
    }

    /// Cosine and sine of position · frequency; both halves of a head turn by the same angles.
    private func rotation(_ positions: GraphValue) throws -> (GraphValue, GraphValue) {
        let frequencies = try graph.constant(
            shape.rotary.inverseFrequencies(headSize: shape.headSize), shape: [1, 1, shape.headSize / 2])
        let angles = try graph.multiply(
            try graph.convert(try graph.unsqueeze(positions, axis: -1), to: .f32), frequencies)
        let both = try graph.concat([angles, angles], axis: -1)
        return (
            try graph.unsqueeze(try graph.cos(both), axis: 1), try graph.unsqueeze(try graph.sin(both), axis: 1)
        )
    }

    /// 0 where a query may look: at keys not after it that `attention_mask` does not hide. Queries are the last of the
    /// keys' positions.
    private func mask(embeddings: GraphValue, attentionMask: GraphValue) throws -> GraphValue {
        let queryCount = try graph.dimension(of: embeddings, axis: 1)
        let keyCount = try graph.dimension(of: attentionMask, axis: 1)
        let keys = try graph.range(from: try graph.constant(0), to: keyCount)
        let queries = try graph.range(from: try graph.subtract(keyCount, queryCount), to: keyCount)
        let causal = try graph.lessEqual(
            try graph.reshape(keys, [1, 1, 1, -1]), try graph.reshape(queries, [1, 1, -1, 1]))
        let visible = try graph.notEqual(
            try graph.unsqueeze(try graph.unsqueeze(attentionMask, axis: 1), axis: 1), try graph.constant(0))
        // The lowest f16 and not f32's: a row that sees nothing then stays finite in bf16 as well.
        return try graph.select(
            try graph.logicalAnd(causal, visible), try graph.constant(0 as Float), try graph.constant(-65504 as Float))
    }

    func norm(_ input: GraphValue, _ name: String) throws -> GraphValue {
        try graph.rmsNorm(
            input, try weights.floatTensor(name, shape: [shape.hiddenSize]), epsilon: shape.rmsNormEpsilon)
    }
}
