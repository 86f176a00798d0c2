public import Checkpoints
import Foundation
internal import OpenVINO

/// A LLaMA-family decoder (LLaMA, Mistral, Qwen2; many-headed or grouped attention) with its keys and values as state.
///
/// Inputs `inputs_embeds` [B, T, D] f32, `attention_mask` [B, past + T] i64, `position_ids` [B, T] i64, `beam_idx` [B]
/// i32; output `logits` [B, T, V] f32. It is a valid `openvino_language_model.xml` and follows what
/// `SDPAToPagedAttention` can convert. Follows Transformers 4.57.6, models/llama/modeling_llama.py.
public struct DecoderGraph {
    public let config: TextConfig
    /// Takes the embedding table for the head when the checkpoint holds no head of its own.
    public let tiesEmbeddings: Bool

    public init(_ config: VisionLanguageConfig) {
        self.config = config.text
        tiesEmbeddings = config.tieWordEmbeddings || config.text.tieWordEmbeddings
    }

    /// What every layer shares.
    private struct Shared {
        var mask: Value
        var cosine: Value
        var sine: Value
        var batch: Value
        var beam: Value
    }

    public func emit(_ weights: CheckpointWeights) throws -> String {
        var graph = GraphBuilder(name: "language_model") { try weights.mapped.addConstants($0) }
        let embeddings = graph.parameter(PortName.inputsEmbeds, .f32, [-1, -1, config.hiddenSize])
        let attention = graph.parameter(PortName.attentionMask, .i64, [-1, -1])
        let positions = graph.parameter(PortName.positionIDs, .i64, [-1, -1])
        let beam = graph.parameter(PortName.beamIndex, .i32, [-1])
        let (cosine, sine) = try rotary(positions, &graph)
        let shared = Shared(
            mask: try mask(embeddings, attention, &graph), cosine: cosine, sine: sine,
            batch: try graph.gather(graph.shapeOf(embeddings), try graph.vector([0]), axis: 0), beam: beam)

        // The paged pass forgets the width of its input, and the first norm would not be fused without it.
        var hidden = try graph.reshape(embeddings, [0, 0, config.hiddenSize])
        for index in 0..<config.layerCount {
            hidden = try layer(index, hidden, shared, weights, &graph)
        }
        let prefix = weights.layout.decoder
        hidden = try graph.rmsNorm(hidden, prefix + "norm", epsilon: config.rmsNormEpsilon, from: weights)
        // A head in the file wins over a flag: llava-1.5 folders leave the flag at its default.
        let head = weights.has(weights.layout.head) || !tiesEmbeddings ? weights.layout.head : weights.layout.embedding
        let table = try graph.weight(head, [config.vocabularySize, config.hiddenSize], from: weights)
        graph.result(try graph.matMul(hidden, table, transposeB: true), PortName.logits)
        return graph.xml()
    }

    /// Cosines and sines [B, 1, T, d] of position · θ^(−2i/d), the two halves alike.
    private func rotary(_ positions: Value, _ graph: inout GraphBuilder) throws -> (Value, Value) {
        let half = config.headSize / 2
        // Single precision throughout, as the reference computes them.
        let frequencies = (0..<half).map { index in
            1 / pow(Float(config.ropeTheta), Float(2 * index) / Float(config.headSize))
        }
        let table = try graph.constant(frequencies, shape: [1, half, 1])
        let rows = graph.convert(try graph.unsqueeze(positions, 1), to: .f32)
        let angles = try graph.transpose(try graph.matMul(table, rows, transposeB: false), [0, 2, 1])
        let both = try graph.concat([angles, angles], axis: -1)
        return (try graph.unsqueeze(graph.cosine(both), 1), try graph.unsqueeze(graph.sine(both), 1))
    }

    /// Additive mask [B, 1, T, past + T]: a key is seen when it is not later than the query and not masked out.
    private func mask(_ embeddings: Value, _ attention: Value, _ graph: inout GraphBuilder) throws -> Value {
        let zero = try graph.scalar(Int64(0))
        let queries = try graph.gather(graph.shapeOf(embeddings), try graph.scalar(Int64(1)), axis: 0)
        let keys = try graph.gather(graph.shapeOf(attention), try graph.scalar(Int64(1)), axis: 0)
        let keyPlaces = try graph.range(zero, keys)
        let queryPlaces = try graph.range(try graph.subtract(keys, queries), keys)
        let causal = try graph.lessEqual(try graph.unsqueeze(keyPlaces, 0), try graph.unsqueeze(queryPlaces, 1))
        let present = try graph.notEqual(attention, zero)
        let seen = try graph.and(
            try graph.unsqueeze(try graph.unsqueeze(causal, 0), 0),
            try graph.unsqueeze(try graph.unsqueeze(present, 1), 1))
        return try graph.select(seen, try graph.scalar(Float(0)), try graph.scalar(Float(-65504)))
    }

    private func layer(
        _ index: Int, _ input: Value, _ shared: Shared, _ weights: CheckpointWeights, _ graph: inout GraphBuilder
    ) throws -> Value {
        let name = "\(weights.layout.decoder)layers.\(index)."
        let (width, size) = (config.hiddenSize, config.headSize)
        let (heads, groups) = (config.headCount, config.keyValueHeadCount)
        let (inputBias, outputBias) = (config.attentionBias != .none, config.attentionBias == .all)
        var x = try graph.rmsNorm(input, name + "input_layernorm", epsilon: config.rmsNormEpsilon, from: weights)
        var q = try graph.linear(
            x, name + "self_attn.q_proj", inputs: width, outputs: heads * size, bias: inputBias, from: weights)
        var k = try graph.linear(
            x, name + "self_attn.k_proj", inputs: width, outputs: groups * size, bias: inputBias, from: weights)
        var v = try graph.linear(
            x, name + "self_attn.v_proj", inputs: width, outputs: groups * size, bias: inputBias, from: weights)
        q = try rotate(try graph.splitHeads(q, heads: heads, size: size), shared, &graph)
        k = try rotate(try graph.splitHeads(k, heads: groups, size: size), shared, &graph)
        v = try graph.splitHeads(v, heads: groups, size: size)
        k = try state(k, "past_key_values.\(index).keypresent.\(index).key", shared, &graph)
        v = try state(v, "past_key_values.\(index).valuepresent.\(index).value", shared, &graph)
        x = try graph.attention(
            q, try repeatGroups(k, shared, &graph), try repeatGroups(v, shared, &graph), mask: shared.mask)
        x = try graph.linear(
            try graph.mergeHeads(x), name + "self_attn.o_proj", inputs: heads * size, outputs: width, bias: outputBias,
            from: weights)
        let middle = try graph.add(input, x)

        x = try graph.rmsNorm(middle, name + "post_attention_layernorm", epsilon: config.rmsNormEpsilon, from: weights)
        let inner = config.intermediateSize
        let gate = try graph.linear(
            x, name + "mlp.gate_proj", inputs: width, outputs: inner, bias: config.mlpBias, from: weights)
        let up = try graph.linear(
            x, name + "mlp.up_proj", inputs: width, outputs: inner, bias: config.mlpBias, from: weights)
        x = try graph.multiply(graph.swish(gate), up)
        x = try graph.linear(
            x, name + "mlp.down_proj", inputs: inner, outputs: width, bias: config.mlpBias, from: weights)
        return try graph.add(middle, x)
    }

    /// x·cos + (−x₂, x₁)·sin, written as the runtime's RoPE fusion knows it.
    private func rotate(_ x: Value, _ shared: Shared, _ graph: inout GraphBuilder) throws -> Value {
        let half = config.headSize / 2
        let first = try graph.slice(x, axis: 3, from: 0, to: half)
        let second = try graph.slice(x, axis: 3, from: half, to: Int(Int32.max))
        let turned = try graph.concat([try graph.multiply(second, try graph.scalar(Float(-1))), first], axis: -1)
        return try graph.add(try graph.multiply(x, shared.cosine), try graph.multiply(turned, shared.sine))
    }

    /// Past keys or values, reordered for beams, with the new ones behind them.
    private func state(_ x: Value, _ variable: String, _ shared: Shared, _ graph: inout GraphBuilder) throws -> Value {
        let shape = [-1, x.shape[1], -1, x.shape[3]]
        let target = try graph.concat(
            [shared.batch, try graph.vector([Int64(x.shape[1]), 0, Int64(x.shape[3])])], axis: 0)
        let empty = graph.broadcast(try graph.scalar(Float(0)), to: target, inferred: [-1, x.shape[1], 0, x.shape[3]])
        let past = try graph.gather(graph.readValue(empty, variable: variable, shape: shape), shared.beam, axis: 0)
        let all = try graph.concat([past, x], axis: 2)
        graph.assign(all, variable: variable)
        return all
    }

    /// Grouped attention: each key and value head serves several query heads.
    private func repeatGroups(_ x: Value, _ shared: Shared, _ graph: inout GraphBuilder) throws -> Value {
        let (heads, groups, size) = (config.headCount, config.keyValueHeadCount, config.headSize)
        guard heads != groups else { return x }
        let repeated = try graph.unsqueeze(x, 2)
        let target = try graph.vector([1, 1, Int64(heads / groups), 1, 1])
        let wide = graph.broadcast(repeated, to: target, inferred: [-1, groups, heads / groups, -1, size])
        return try graph.reshape(wide, [0, heads, -1, size])
    }
}
