import Checkpoints

/// A linear layer's matrix and bias, read from the checkpoint under `prefix.weight` and `prefix.bias`.
struct LinearLayer {
    let weight: MatrixWeight
    let bias: WeightTensor?

    init(_ prefix: String, inputs: Int, outputs: Int, bias: Bool, in table: WeightTable) throws {
        weight = try MatrixWeight(prefix + ".weight", rows: outputs, columns: inputs, in: table)
        self.bias = bias ? try table.floatTensor(prefix + ".bias", shape: [outputs]) : nil
    }
}

extension GraphBuilder {
    func linear(_ input: GraphValue, _ layer: LinearLayer) throws -> GraphValue {
        try linear(input, layer.weight, bias: layer.bias)
    }

    /// (x − mean) / √(variance + ε) · weight + bias over the last axis.
    func layerNorm(
        _ input: GraphValue, _ prefix: String, epsilon: Double, in table: WeightTable
    ) throws -> GraphValue {
        let width: GraphShape = [input.shape[input.shape.rank - 1]]
        let normalized = try normalizeMeanVariance(input, epsilon: epsilon)
        let weight = try rowVector(try table.floatTensor(prefix + ".weight", shape: width), rank: input.shape.rank)
        let bias = try rowVector(try table.floatTensor(prefix + ".bias", shape: width), rank: input.shape.rank)
        return try add(try multiply(normalized, weight), bias)
    }

    /// x / √(mean(x²) + ε) · weight over the last axis, in the form that the CPU plugin computes as one operation.
    func rmsNorm(_ input: GraphValue, _ weight: WeightTensor, epsilon: Double) throws -> GraphValue {
        let squares = try power(input, try constant(2 as Float))
        let variance = try add(try reduceMean(squares, axis: -1), try constant(Float(epsilon)))
        let scale = try divide(try constant(1 as Float), try sqrt(variance))
        return try multiply(try rowVector(weight, rank: input.shape.rank), try multiply(input, scale))
    }

    func activation(_ value: GraphValue, _ activation: Activation) throws -> GraphValue {
        switch activation {
        case .silu: try swish(value)
        case .quickGELU: try swish(value, beta: 1.702)
        case .gelu: try gelu(value)
        case .geluTanh: try gelu(value, tanhApproximation: true)
        case .relu: try relu(value)
        }
    }

    /// [batch, tokens, heads · width] → [batch, heads, tokens, width].
    func splitHeads(_ value: GraphValue, count: Int) throws -> GraphValue {
        let width = value.shape[value.shape.rank - 1] / count
        return try transpose(try reshape(value, [0, 0, count, width]), [0, 2, 1, 3])
    }

    /// [batch, heads, tokens, width] → [batch, tokens, heads · width].
    func mergeHeads(_ value: GraphValue) throws -> GraphValue {
        let width = value.shape[1] * value.shape[3]
        return try reshape(try transpose(value, [0, 2, 1, 3]), [0, 0, width])
    }
}
