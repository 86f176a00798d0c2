import Foundation

/// The language model's `text_config`. Keys that are absent take the defaults of Transformers 4.57.6's config class.
public struct TextConfig: Sendable, Equatable {
    public enum Family: String, Sendable, CaseIterable { case llama, mistral, qwen2 }

    public var family: Family
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var keyValueHeadCount: Int
    public var headSize: Int
    public var rmsNormEpsilon: Double
    public var ropeTheta: Double
    public var maxPositions: Int
    public var vocabularySize: Int
    /// Biases on query, key and value (Qwen2), or on all four projections (LLaMA's `attention_bias`).
    public var attentionBias: AttentionBias
    public var mlpBias: Bool
    /// Nil: none. A window that the context exceeds cannot be run.
    public var slidingWindow: Int?
    public var tieWordEmbeddings: Bool

    public enum AttentionBias: Sendable, Equatable { case none, queryKeyValue, all }

    init(_ json: JSONObject?, path: String) throws(CheckpointError) {
        // A missing text_config is a LlamaConfig of defaults.
        let empty = try JSONObject(Data("{}".utf8), path: path)
        let json = json ?? empty
        let name = try json.string("model_type") ?? "llama"
        guard let family = Family(rawValue: name) else {
            throw .unsupported(
                path: path, found: "a language model of type '\(name)'",
                supported: Family.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.family = family
        let size = 1...(1 << 20)
        hiddenSize = try json.integer("hidden_size", in: size) ?? 4096
        intermediateSize =
            try json.integer("intermediate_size", in: size)
            ?? (family == .llama ? 11008 : family == .mistral ? 14336 : 22016)
        layerCount = try json.integer("num_hidden_layers", in: 1...1024) ?? 32
        headCount = try json.integer("num_attention_heads", in: 1...1024) ?? 32
        // LLaMA's default is as many as heads; an explicit null means that everywhere.
        let defaultKeyValueHeads =
            json.has("num_key_value_heads") || family == .llama ? headCount : family == .mistral ? 8 : 32
        keyValueHeadCount = try json.integer("num_key_value_heads", in: 1...1024) ?? defaultKeyValueHeads
        headSize = try json.integer("head_dim", in: 1...4096) ?? max(hiddenSize / headCount, 1)
        rmsNormEpsilon = try json.number("rms_norm_eps") ?? 1e-6
        ropeTheta = try json.number("rope_theta") ?? 10_000
        maxPositions =
            try json.integer("max_position_embeddings", in: 1...(1 << 24))
            ?? (family == .llama ? 2048 : family == .mistral ? 131_072 : 32_768)
        vocabularySize = try json.integer("vocab_size", in: 1...(1 << 24)) ?? (family == .qwen2 ? 151_936 : 32_000)
        switch family {
        case .llama:
            attentionBias = try json.bool("attention_bias") ?? false ? .all : .none
            mlpBias = try json.bool("mlp_bias") ?? false
            slidingWindow = nil
        case .mistral:
            attentionBias = .none
            mlpBias = false
            // Missing is 4096, null is none.
            slidingWindow =
                json.has("sliding_window") ? try json.integer("sliding_window", in: 1...(1 << 24)) : 4096
        case .qwen2:
            attentionBias = .queryKeyValue
            mlpBias = false
            let used = try json.bool("use_sliding_window") ?? false
            let window = json.has("sliding_window") ? try json.integer("sliding_window", in: 1...(1 << 24)) : 4096
            slidingWindow = used ? window : nil
        }
        tieWordEmbeddings = try json.bool("tie_word_embeddings") ?? false

        let activation = try json.string("hidden_act") ?? "silu"
        guard activation == "silu" else {
            throw .unsupported(path: path, found: "the activation '\(activation)' in text_config", supported: "silu")
        }
        if let scaling = try json.object("rope_scaling") {
            let (kindKey, olderKey) = (try scaling.string("rope_type"), try scaling.string("type"))
            let kind = kindKey ?? olderKey ?? "?"
            guard kind == "default" else {
                throw .unsupported(path: path, found: "RoPE scaling of type '\(kind)'", supported: "none")
            }
        }
        guard headCount % keyValueHeadCount == 0 else {
            throw .malformed(
                path: path, reason: "\(headCount) heads cannot share \(keyValueHeadCount) key and value heads")
        }
        guard headSize % 2 == 0 else {
            throw .malformed(path: path, reason: "rotary embeddings need an even head size, not \(headSize)")
        }
        guard rmsNormEpsilon > 0, ropeTheta > 0 else {
            throw .malformed(path: path, reason: "rms_norm_eps and rope_theta must be positive")
        }
    }
}
