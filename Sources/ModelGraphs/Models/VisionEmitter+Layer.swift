extension VisionEmitter {
    /// One encoder layer with the taps on it. Without `continues` only what the taps need is written.
    func layer(
        _ index: Int, _ input: GraphValue, taps: [LayerTap], continues: Bool
    ) throws -> GraphValue {
        let name = "\(prefix)encoder.layers.\(index)."
        let width = shape.hiddenSize
        let normalized = try graph.layerNorm(
            input, name + "layer_norm1", epsilon: shape.layerNormEpsilon, in: weights)
        let query = try project(normalized, name + "self_attn.q_proj")
        let key = try project(normalized, name + "self_attn.k_proj")
        let heads = shape.headCount
        let keyHeads = try graph.splitHeads(key, count: heads)
        for tap in taps { try write(tap, query: query, key: key, keyHeads: keyHeads) }
        guard continues else { return input }

        let attended = try graph.scope("attention") {
            let value = try project(normalized, name + "self_attn.v_proj")
            return try graph.mergeHeads(
                try graph.scaledDotProductAttention(
                    query: try graph.splitHeads(query, count: heads), key: keyHeads,
                    value: try graph.splitHeads(value, count: heads)))
        }
        let middle = try graph.add(input, try project(attended, name + "self_attn.out_proj"))
        return try graph.scope("mlp") {
            let normalized = try graph.layerNorm(
                middle, name + "layer_norm2", epsilon: shape.layerNormEpsilon, in: weights)
            let inner = try LinearLayer(
                name + "mlp.fc1", inputs: width, outputs: shape.intermediateSize, bias: true, in: weights)
            let outer = try LinearLayer(
                name + "mlp.fc2", inputs: shape.intermediateSize, outputs: width, bias: true, in: weights)
            let active = try graph.activation(try graph.linear(normalized, inner), shape.activation)
            return try graph.add(middle, try graph.linear(active, outer))
        }
    }

    private func project(_ input: GraphValue, _ name: String) throws -> GraphValue {
        try graph.linear(
            input,
            try LinearLayer(name, inputs: shape.hiddenSize, outputs: shape.hiddenSize, bias: true, in: weights))
    }

    /// Writes a tap as an output. Only the CLS row of the queries is ever multiplied with the keys: N + 1 products a
    /// head, not (N + 1)².
    private func write(_ tap: LayerTap, query: GraphValue, key: GraphValue, keyHeads: GraphValue) throws {
        try graph.scope(tap.outputName) {
            switch tap {
            case .features: break
            case .keys: try writePatches(of: key, tap.outputName)
            case .clsMerged:
                let row = try clsRow(try graph.slice(query, axis: 1, from: 0, to: 1), key, width: shape.hiddenSize)
                try graph.result(try graph.reshape(row, [0, shape.patchCount]), tap.outputName)
            case .clsPerHead, .clsSummed:
                let first = try graph.splitHeads(
                    try graph.slice(query, axis: 1, from: 0, to: 1), count: shape.headCount)
                let row = try clsRow(first, keyHeads, width: shape.hiddenSize / shape.headCount)
                let perHead = try graph.reshape(row, [0, 0, shape.patchCount])
                if case .clsSummed = tap {
                    try graph.result(try graph.reduceSum(perHead, axis: 1), tap.outputName)
                } else {
                    try graph.result(perHead, tap.outputName)
                }
            }
        }
    }

    /// Writes rows without the CLS token's as an output.
    func writePatches(of rows: GraphValue, _ name: String) throws {
        try graph.result(try graph.slice(rows, axis: 1, from: 1, to: nil), name)
    }

    /// softmax(query · keyᵀ / √width) for a single query, without the first (CLS) column.
    private func clsRow(_ query: GraphValue, _ key: GraphValue, width: Int) throws -> GraphValue {
        let scores = try graph.multiply(
            try graph.matMul(query, key, transposeRight: true),
            try graph.constant(Float(1 / Double(width).squareRoot())))
        return try graph.slice(try graph.softmax(scores, axis: -1), axis: -1, from: 1, to: nil)
    }
}
