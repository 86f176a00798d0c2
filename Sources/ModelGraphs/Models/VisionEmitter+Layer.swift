import Checkpoints

extension VisionEmitter {
    /// One encoder layer with the taps on it. Without `continues` only what the taps need is written.
    func layer(
        _ index: Int, _ input: GraphValue, taps: [LayerTap], continues: Bool
    ) throws -> GraphValue {
        let names = names
        let name = "\(prefix)\(names.layers)\(index)."
        let width = shape.hiddenSize
        let bias = hasAttentionBias
        let normalized = try norm(input, name + names.attentionNorm)
        let query = try normalizedProjection(normalized, name + names.query, norm: name + "attention.q_norm")
        let key = try normalizedProjection(normalized, name + names.key, norm: name + "attention.k_norm")
        let heads = shape.headCount
        let keyHeads = try graph.splitHeads(key, count: heads)
        for tap in taps { try write(tap, query: query, key: key, keyHeads: keyHeads) }
        guard continues else { return input }

        let attended = try graph.scope("attention") {
            let value = try project(normalized, name + names.value, bias: bias)
            return try graph.mergeHeads(
                try graph.scaledDotProductAttention(
                    query: try graph.splitHeads(query, count: heads), key: keyHeads,
                    value: try graph.splitHeads(value, count: heads)))
        }
        let output = try project(attended, name + names.output, bias: true)
        let middle = try graph.add(input, try scaled(output, name + "lambda_1"))
        return try graph.scope("mlp") {
            let normalized = try norm(middle, name + names.feedForwardNorm)
            let inner = try LinearLayer(
                name + "mlp.fc1", inputs: width, outputs: shape.intermediateSize, bias: true, in: weights)
            let outer = try LinearLayer(
                name + "mlp.fc2", inputs: shape.intermediateSize, outputs: width, bias: true, in: weights)
            let active = try graph.activation(try graph.linear(normalized, inner), shape.activation)
            return try graph.add(middle, try scaled(try graph.linear(active, outer), name + "lambda_2"))
        }
    }

    private var hasAttentionBias: Bool {
        switch shape.architecture {
        case .clip: true
        case .internVL(let blocks): blocks.hasAttentionBias
        }
    }

    private func norm(_ input: GraphValue, _ name: String) throws -> GraphValue {
        guard case .internVL(let blocks) = shape.architecture, blocks.norm == .rmsNorm else {
            return try graph.layerNorm(input, name, epsilon: shape.layerNormEpsilon, in: weights)
        }
        return try rmsNorm(input, name, epsilon: shape.layerNormEpsilon)
    }

    private func rmsNorm(_ input: GraphValue, _ name: String, epsilon: Double) throws -> GraphValue {
        try graph.rmsNorm(
            input, try weights.floatTensor(name + ".weight", shape: [shape.hiddenSize]), epsilon: epsilon)
    }

    /// InternVL's layer scale; other towers have none.
    private func scaled(_ input: GraphValue, _ name: String) throws -> GraphValue {
        guard case .internVL = shape.architecture else { return input }
        return try graph.multiply(
            input, try graph.rowVector(try weights.floatTensor(name, shape: [shape.hiddenSize]), rank: 3))
    }

    /// Queries or keys, normalised over all heads together where the tower does so.
    private func normalizedProjection(_ input: GraphValue, _ name: String, norm: String) throws -> GraphValue {
        let projected = try project(input, name, bias: hasAttentionBias)
        guard case .internVL(let blocks) = shape.architecture, blocks.normalizesQueriesAndKeys else { return projected }
        // Not the configuration's epsilon, but the class's own.
        return try rmsNorm(projected, norm, epsilon: 1e-6)
    }

    private func project(_ input: GraphValue, _ name: String, bias: Bool) throws -> GraphValue {
        try graph.linear(
            input,
            try LinearLayer(name, inputs: shape.hiddenSize, outputs: shape.hiddenSize, bias: bias, in: weights))
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
                try graph.result(
                    try tokens(summing: try graph.reshape(row, [0, shape.patchCount])), tap.outputName)
            case .clsPerHead, .clsSummed:
                let first = try graph.splitHeads(
                    try graph.slice(query, axis: 1, from: 0, to: 1), count: shape.headCount)
                let row = try clsRow(first, keyHeads, width: shape.hiddenSize / shape.headCount)
                let perHead = try tokens(summing: try graph.reshape(row, [0, 0, shape.patchCount]))
                if case .clsSummed = tap {
                    try graph.result(try graph.reduceSum(perHead, axis: 1), tap.outputName)
                } else {
                    try graph.result(perHead, tap.outputName)
                }
            }
        }
    }

    /// Writes rows without the CLS token's as an output, one for each token.
    func writePatches(of rows: GraphValue, _ name: String) throws {
        try graph.result(try tokens(ofPatches: try graph.slice(rows, axis: 1, from: 1, to: nil)), name)
    }

    /// softmax(query · keyᵀ / √width) for a single query, without the first (CLS) column.
    private func clsRow(_ query: GraphValue, _ key: GraphValue, width: Int) throws -> GraphValue {
        let scores = try graph.multiply(
            try graph.matMul(query, key, transposeRight: true),
            try graph.constant(Float(1 / Double(width).squareRoot())))
        return try graph.slice(try graph.softmax(scores, axis: -1), axis: -1, from: 1, to: nil)
    }
}
