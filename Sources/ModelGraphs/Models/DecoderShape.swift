public import Checkpoints

/// The sizes of a LLaMA-family decoder (`text_config`): LLaMA, Vicuna, Mistral, Qwen2, Qwen3.
public struct DecoderShape: Sendable, Hashable {
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    /// Heads of keys and values; fewer than ``headCount`` for grouped-query attention.
    public var keyValueHeadCount: Int
    public var headSize: Int
    public var rmsNormEpsilon: Double
    public var rotary: RotaryEmbedding
    public var activation: Activation
    /// The output head is the token table.
    public var tiesHeadToEmbeddings: Bool
    public var biases: Biases
    /// Qwen3: each head's queries and keys are normalised before they are turned.
    public var normalizesQueriesAndKeys: Bool

    /// Which linear layers have a bias.
    public struct Biases: Sendable, Hashable {
        public var queryKeyValue: Bool
        public var attentionOutput: Bool
        public var feedForward: Bool

        public init(queryKeyValue: Bool = false, attentionOutput: Bool = false, feedForward: Bool = false) {
            self.queryKeyValue = queryKeyValue
            self.attentionOutput = attentionOutput
            self.feedForward = feedForward
        }

        public static let none = Biases()
        /// Qwen2: on queries, keys and values only.
        public static let qwen2 = Biases(queryKeyValue: true)
    }

    /// `keyValueHeadCount` is `headCount` and `headSize` is `hiddenSize / headCount` unless given.
    public init(
        vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int, headCount: Int,
        keyValueHeadCount: Int? = nil, headSize: Int? = nil, rmsNormEpsilon: Double = 1e-6,
        rotary: RotaryEmbedding = RotaryEmbedding(), activation: Activation = .silu,
        tiesHeadToEmbeddings: Bool = false, biases: Biases = .none, normalizesQueriesAndKeys: Bool = false
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? headCount
        self.headSize = headSize ?? (headCount > 0 ? hiddenSize / headCount : 0)
        self.rmsNormEpsilon = rmsNormEpsilon
        self.rotary = rotary
        self.activation = activation
        self.tiesHeadToEmbeddings = tiesHeadToEmbeddings
        self.biases = biases
        self.normalizesQueriesAndKeys = normalizesQueriesAndKeys
    }

    /// - Throws: ``GraphError/configuration(key:reason:)``.
    public func validate() throws {
        try ShapeLimits.check("text_config.vocab_size", vocabularySize, in: ShapeLimits.vocabulary)
        try ShapeLimits.check("text_config.hidden_size", hiddenSize, in: ShapeLimits.widths)
        try ShapeLimits.check("text_config.intermediate_size", intermediateSize, in: ShapeLimits.widths)
        try ShapeLimits.check("text_config.num_hidden_layers", layerCount, in: ShapeLimits.layers)
        try ShapeLimits.check("text_config.num_attention_heads", headCount, in: ShapeLimits.heads)
        try ShapeLimits.check("text_config.num_key_value_heads", keyValueHeadCount, in: 1...headCount)
        try ShapeLimits.check("text_config.head_dim", headSize, in: 2...4096)
        try ShapeLimits.check("text_config.rms_norm_eps", rmsNormEpsilon)
        guard headCount % keyValueHeadCount == 0 else {
            throw GraphError.configuration(
                key: "text_config.num_key_value_heads",
                reason: "\(keyValueHeadCount) does not divide num_attention_heads \(headCount)")
        }
        guard headSize % 2 == 0 else {
            throw GraphError.configuration(
                key: "text_config.head_dim", reason: "is \(headSize); rotary positions need an even one")
        }
        try rotary.validate()
    }
}
