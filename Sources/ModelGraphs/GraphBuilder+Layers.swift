internal import Checkpoints
internal import OpenVINO

/// Layers with weights.
extension GraphBuilder {
    /// A weight in float32. Halves stay halves in memory: the conversion is marked as decompression.
    mutating func weight(_ name: String, _ shape: [Int], from weights: CheckpointWeights) throws -> Value {
        let entry = try weights.entry(name, shape)
        let stored = constant(
            weights.elementType(entry), shape, offset: entry.byteOffset, byteCount: entry.byteCount)
        return convert(stored, to: .f32, decompresses: true)
    }

    /// x·Wᵀ + b with `name.weight` [outputs, inputs] and, if asked for, `name.bias` [outputs].
    mutating func linear(
        _ x: Value, _ name: String, inputs: Int, outputs: Int, bias: Bool, from weights: CheckpointWeights
    ) throws -> Value {
        let product = try matMul(x, try weight(name + ".weight", [outputs, inputs], from: weights), transposeB: true)
        guard bias else { return product }
        return try add(product, try weight(name + ".bias", [outputs], from: weights))
    }

    mutating func layerNorm(_ x: Value, _ name: String, epsilon: Double, from weights: CheckpointWeights) throws
        -> Value
    {
        let width = x.shape[x.rank - 1]
        let normal = try normalizeVariance(x, epsilon: epsilon)
        let scaled = try multiply(normal, try weight(name + ".weight", [width], from: weights))
        return try add(scaled, try weight(name + ".bias", [width], from: weights))
    }

    /// x / √(mean(x²) + ε) · g, written as the runtime's RMS fusion knows it.
    mutating func rmsNorm(_ x: Value, _ name: String, epsilon: Double, from weights: CheckpointWeights) throws -> Value
    {
        let width = x.shape[x.rank - 1]
        let mean = try reduce("ReduceMean", try power(x, try scalar(Float(2))), axis: -1, keepsAxis: true)
        let root = squareRoot(try add(mean, try scalar(Float(epsilon))))
        let normal = try multiply(x, try divide(try scalar(Float(1)), root))
        return try multiply(try weight(name + ".weight", [width], from: weights), normal)
    }

    mutating func activation(_ x: Value, _ kind: VisionConfig.Activation) throws -> Value {
        switch kind {
        case .gelu: gelu(x)
        case .quickGELU: try swish(x, beta: 1.702)
        }
    }

    /// [B, T, H·d] → [B, H, T, d].
    mutating func splitHeads(_ x: Value, heads: Int, size: Int) throws -> Value {
        try transpose(try reshape(x, [0, 0, heads, size]), [0, 2, 1, 3])
    }

    /// [B, H, T, d] → [B, T, H·d].
    mutating func mergeHeads(_ x: Value) throws -> Value {
        let width = x.shape[1] * x.shape[3]
        return try reshape(try transpose(x, [0, 2, 1, 3]), [0, 0, width])
    }
}
