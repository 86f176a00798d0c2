internal import Foundation

/// Rotary position embedding: dimension pair i of a head turns by position · theta^(−2i/d).
///
/// Source: Transformers 4.57.6, `modeling_rope_utils.py`.
public struct RotaryEmbedding: Sendable, Hashable {
    public enum Scaling: Sendable, Hashable {
        case none
        /// All frequencies divided by `factor`.
        case linear(factor: Double)
        /// LLaMA 3.1: low frequencies divided by `factor`, high ones kept, those between blended.
        case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Int)
    }

    public var theta: Double
    public var scaling: Scaling

    public init(theta: Double = 10_000, scaling: Scaling = .none) {
        self.theta = theta
        self.scaling = scaling
    }

    /// theta^(−2i/d) for i < headSize / 2, after scaling. Each step is rounded to f32, as the source computes it.
    public func inverseFrequencies(headSize: Int) -> [Float] {
        (0..<headSize / 2).map { index in
            let exponent = Float(2 * index) / Float(headSize)
            return scaled(1 / Float(pow(theta, Double(exponent))))
        }
    }

    private func scaled(_ frequency: Float) -> Float {
        switch scaling {
        case .none:
            return frequency
        case .linear(let factor):
            return frequency / Float(factor)
        case .llama3(let factor, let low, let high, let originalContext):
            let wavelength = Float(2 * Double.pi) / frequency
            let context = Float(originalContext)
            if wavelength > context / Float(low) { return frequency / Float(factor) }
            if wavelength < context / Float(high) { return frequency }
            let smooth = (context / wavelength - Float(low)) / Float(high - low)
            return (1 - smooth) * frequency / Float(factor) + smooth * frequency
        }
    }

    func validate() throws {
        try ShapeLimits.check("text_config.rope_theta", theta)
        switch scaling {
        case .none: break
        case .linear(let factor): try ShapeLimits.check("text_config.rope_scaling.factor", factor)
        case .llama3(let factor, let low, let high, let originalContext):
            try ShapeLimits.check("text_config.rope_scaling.factor", factor)
            try ShapeLimits.check("text_config.rope_scaling.low_freq_factor", low)
            try ShapeLimits.check("text_config.rope_scaling.high_freq_factor", high - low)
            try ShapeLimits.check(
                "text_config.rope_scaling.original_max_position_embeddings", originalContext, in: 1...(1 << 30))
        }
    }
}
