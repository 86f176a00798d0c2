import OpenVINO

extension DecoderEmitter {
    func layer(_ index: Int, _ input: GraphValue, _ shared: SharedInputs) throws -> GraphValue {
        let name = "\(prefix)layers.\(index)."
        let normalized = try graph.scope("input_norm") { try norm(input, name + "input_layernorm.weight") }
        let attended = try graph.scope("attention") {
            try attention(index, normalized, name + "self_attn.", shared)
        }
        let middle = try graph.add(input, attended)
        let inner = try graph.scope("feed_forward_norm") {
            try norm(middle, name + "post_attention_layernorm.weight")
        }
        return try graph.add(middle, try graph.scope("feed_forward") { try feedForward(inner, name + "mlp.") })
    }

    private func attention(
        _ index: Int, _ input: GraphValue, _ name: String, _ shared: SharedInputs
    ) throws -> GraphValue {
        let (heads, groups, bias) = (shape.headCount, shape.keyValueHeadCount, shape.biases.queryKeyValue)
        let width = shape.hiddenSize
        func project(_ layer: String, heads: Int) throws -> GraphValue {
            let linear = try LinearLayer(
                name + layer, inputs: width, outputs: heads * shape.headSize, bias: bias, in: weights)
            return try graph.splitHeads(try graph.linear(input, linear), count: heads)
        }
        let query = try rotate(try headNorm(try project("q_proj", heads: heads), name + "q_norm.weight"), shared)
        let key = try rotate(try headNorm(try project("k_proj", heads: groups), name + "k_norm.weight"), shared)
        let value = try project("v_proj", heads: groups)

        let keys = try repeatHeads(try remember(key, "key", layer: index, shared))
        if outputsAttention { try writeAttention(index, query: query, keys: keys) }
        let output = try graph.scaledDotProductAttention(
            query: query, key: keys,
            value: try repeatHeads(try remember(value, "value", layer: index, shared)), mask: shared.mask)
        let linear = try LinearLayer(
            name + "o_proj", inputs: heads * shape.headSize, outputs: width, bias: shape.biases.attentionOutput,
            in: weights)
        return try graph.linear(try graph.mergeHeads(output), linear)
    }

    /// Writes the last token's attention as an output: it sees every key, so no mask is needed.
    private func writeAttention(_ index: Int, query: GraphValue, keys: GraphValue) throws {
        let name = PortName.attention(index)
        try graph.scope(name) {
            let scores = try graph.multiply(
                try graph.matMul(try graph.slice(query, axis: 2, from: -1, to: nil), keys, transposeRight: true),
                try graph.constant(Float(1 / Double(shape.headSize).squareRoot())))
            let mean = try graph.reduceMean(try graph.softmax(scores, axis: -1), axis: 1)
            try graph.result(try graph.reshape(mean, [0, -1]), name)
        }
    }

    private func headNorm(_ value: GraphValue, _ name: String) throws -> GraphValue {
        guard shape.normalizesQueriesAndKeys else { return value }
        return try graph.rmsNorm(
            value, try weights.floatTensor(name, shape: [shape.headSize]), epsilon: shape.rmsNormEpsilon)
    }

    /// x · cos + [−second half, first half] · sin, in the form the CPU plugin computes as one operation.
    private func rotate(_ value: GraphValue, _ shared: SharedInputs) throws -> GraphValue {
        try graph.scope("rotary") {
            let half = shape.headSize / 2
            let first = try graph.slice(value, axis: 3, from: 0, to: half)
            let second = try graph.slice(value, axis: 3, from: half, to: nil)
            let turned = try graph.concat(
                [try graph.multiply(second, try graph.constant(-1 as Float)), first], axis: -1)
            return try graph.add(
                try graph.multiply(value, shared.cosine), try graph.multiply(turned, shared.sine))
        }
    }

    /// Appends to what earlier runs left in the state: [batch, heads, past + tokens, head size].
    private func remember(
        _ value: GraphValue, _ kind: String, layer: Int, _ shared: SharedInputs
    ) throws -> GraphValue {
        // optimum-intel's variable names: the past's name and the present's, joined.
        let variable = "past_key_values.\(layer).\(kind)present.\(layer).\(kind)"
        return try graph.scope(kind) {
            let empty = try graph.broadcast(
                try graph.constant(0 as Float),
                to: [
                    .dimension(of: shared.embeddings, axis: 0), .fixed(shape.keyValueHeadCount), .fixed(0),
                    .fixed(shape.headSize),
                ])
            let past = try graph.readValue(
                variable: variable, initial: empty,
                shape: [GraphShape.dynamic, shape.keyValueHeadCount, GraphShape.dynamic, shape.headSize])
            let present = try graph.concat([try graph.gather(past, shared.beams, axis: 0), value], axis: 2)
            try graph.assign(present, variable: variable)
            return present
        }
    }

    /// Every key or value head serves `headCount / keyValueHeadCount` query heads that follow each other.
    private func repeatHeads(_ value: GraphValue) throws -> GraphValue {
        let copies = shape.headCount / shape.keyValueHeadCount
        guard copies > 1 else { return value }
        let spread = try graph.broadcast(
            try graph.unsqueeze(value, axis: 2), to: [.fixed(1), .fixed(1), .fixed(copies), .fixed(1), .fixed(1)])
        return try graph.reshape(spread, [0, shape.headCount, -1, shape.headSize])
    }

    private func feedForward(_ input: GraphValue, _ name: String) throws -> GraphValue {
        let (width, inner, bias) = (shape.hiddenSize, shape.intermediateSize, shape.biases.feedForward)
        let gate = try LinearLayer(name + "gate_proj", inputs: width, outputs: inner, bias: bias, in: weights)
        let up = try LinearLayer(name + "up_proj", inputs: width, outputs: inner, bias: bias, in: weights)
        let down = try LinearLayer(name + "down_proj", inputs: inner, outputs: width, bias: bias, in: weights)
        let gated = try graph.multiply(
            try graph.activation(try graph.linear(input, gate), shape.activation), try graph.linear(input, up))
        return try graph.linear(gated, down)
    }
}
