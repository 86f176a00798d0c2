import OrderedJSON

/// The language model of a checkpoint, every value resolved.
///
/// Absent keys take the defaults of Transformers 4.57.6's `configuration_llama.py`, `configuration_mistral.py`,
/// `configuration_qwen2.py` and `configuration_qwen3.py`.
public struct TextModelConfig: Sendable, Hashable {
    /// The architectures that share one decoder here.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        case llama, mistral, qwen2, qwen3
    }

    public var family: Family
    public var hiddenSize: Int
    public var layerCount: Int
    public var headCount: Int
    /// Heads of keys and values; divides `headCount`.
    public var keyValueHeadCount: Int
    /// Width of one head; even.
    public var headSize: Int
    public var intermediateSize: Int
    public var vocabularySize: Int
    /// The longest context the model was made for, in tokens.
    public var maximumPositions: Int
    public var rmsNormEpsilon: Double
    public var ropeTheta: Double
    public var ropeScaling: RotaryScaling
    /// The attention window of some or all layers in tokens, if the model has one.
    public var slidingWindow: Int?
    public var activation: Activation
    /// Whether the query, key and value projections have a bias (always so in Qwen2).
    public var hasQueryKeyValueBias: Bool
    public var hasAttentionOutputBias: Bool
    public var hasFeedForwardBias: Bool
    /// Whether the output head is the embedding table. In a vision-language checkpoint the text model's own key
    /// decides, whatever the outermost one says (`modeling_utils.py`, `tie_embeddings_and_encoder_decoder`).
    public var tiesWordEmbeddings: Bool
    public var beginTokenID: Int?
    /// Ids that end an answer; empty when the configuration says `null`.
    public var endTokenIDs: [Int]

    /// Whether each head's queries and keys are normalised before they are turned.
    public var normalizesQueriesAndKeys: Bool { family == .qwen3 }
}

/// How rotary position angles are changed for longer contexts.
public enum RotaryScaling: Sendable, Hashable {
    case none
    /// Positions divided by a factor.
    case linear(factor: Double)
    /// LLaMA 3.1: only low frequencies are divided, with a smooth transition.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalMaximumPositions: Int)
}

/// The activation functions that the supported models name.
public enum Activation: String, Sendable, Hashable, CaseIterable {
    /// x · σ(x).
    case silu
    /// x · Φ(x), by the error function.
    case gelu
    /// x · Φ(x), by the tanh approximation.
    case geluTanh = "gelu_pytorch_tanh"
    /// x · σ(1.702 x).
    case quickGELU = "quick_gelu"
    /// max(x, 0).
    case relu

    /// The names that Transformers 4.57.6's `activations.py` gives them.
    package init?(transformersName: String) {
        switch transformersName {
        case "swish": self = .silu
        case "gelu_new", "gelu_fast": self = .geluTanh
        default: self.init(rawValue: transformersName)
        }
    }
}

extension ConfigObject {
    func activation(_ key: String, default fallback: Activation) throws -> Activation {
        guard values[key] != nil else { return fallback }
        guard let activation = Activation(transformersName: try string(key, default: "")) else {
            throw unsupported(key, supported: Activation.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return activation
    }
}
