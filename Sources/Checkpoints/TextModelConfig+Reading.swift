import OrderedJSON

extension TextModelConfig {
    /// What `configuration_<family>.py` gives when a key is absent.
    private struct Defaults {
        var intermediateSize: Int
        var keyValueHeadCount: Int?
        var vocabularySize: Int
        var maximumPositions: Int
        var beginTokenID: Int?
        var endTokenIDs: [Int]
        /// Nil for the hidden size by the heads.
        var headSize: Int?

        init(_ family: Family) {
            switch family {
            case .llama:
                (intermediateSize, keyValueHeadCount, vocabularySize) = (11008, nil, 32000)
                (maximumPositions, beginTokenID, endTokenIDs) = (2048, 1, [2])
            case .mistral:
                (intermediateSize, keyValueHeadCount, vocabularySize) = (14336, 8, 32000)
                (maximumPositions, beginTokenID, endTokenIDs) = (131_072, 1, [2])
            case .qwen2:
                (intermediateSize, keyValueHeadCount, vocabularySize) = (22016, 32, 151_936)
                (maximumPositions, beginTokenID, endTokenIDs) = (32768, nil, [])
            case .qwen3:
                (intermediateSize, keyValueHeadCount, vocabularySize) = (22016, 32, 151_936)
                (maximumPositions, beginTokenID, endTokenIDs) = (32768, nil, [])
                headSize = 128
            }
        }
    }

    /// Reads `text_config`; an absent one is an empty one, which is of the default family.
    /// - Throws: `CheckpointError` naming the file and the key.
    init(_ object: ConfigObject, defaultFamily: Family = .llama) throws {
        guard let family = Family(rawValue: try object.string("model_type", default: defaultFamily.rawValue)) else {
            throw object.unsupported(
                "model_type", supported: Family.allCases.map(\.rawValue).joined(separator: ", "))
        }
        try SettingsTable.text(family).check(object)
        try self.init(object, family: family)
    }

    init(_ object: ConfigObject, family: Family) throws {
        let defaults = Defaults(family)
        self.family = family
        hiddenSize = try object.integer("hidden_size", default: 4096, in: ConfigLimits.width)
        layerCount = try object.integer("num_hidden_layers", default: 32, in: ConfigLimits.layers)
        headCount = try object.integer("num_attention_heads", default: 32, in: ConfigLimits.heads)
        keyValueHeadCount =
            try object.integerOrNull(
                "num_key_value_heads", default: defaults.keyValueHeadCount, in: ConfigLimits.heads) ?? headCount
        if [.qwen2, .qwen3].contains(family), object.isNull("head_dim") {
            throw object.wrong("head_dim", needed: "a number or absent")
        }
        let headSize = try object.integerOrNull("head_dim", default: defaults.headSize, in: ConfigLimits.width)
        self.headSize = headSize ?? hiddenSize / headCount
        intermediateSize = try object.integer(
            "intermediate_size", default: defaults.intermediateSize, in: ConfigLimits.width)
        vocabularySize = try object.integer(
            "vocab_size", default: defaults.vocabularySize, in: ConfigLimits.vocabulary)
        maximumPositions = try object.integer(
            "max_position_embeddings", default: defaults.maximumPositions, in: ConfigLimits.positions)
        rmsNormEpsilon = try object.positive("rms_norm_eps", default: 1e-6, allowsZero: true)
        (ropeTheta, ropeScaling) = try RotaryScaling.read(object)
        slidingWindow = try Self.slidingWindow(object, family: family, layerCount: layerCount)
        activation = try object.activation("hidden_act", default: .silu)
        let attentionBias = [.llama, .qwen3].contains(family) ? try object.flagOrNull("attention_bias") : false
        hasQueryKeyValueBias = attentionBias || family == .qwen2
        hasAttentionOutputBias = attentionBias
        hasFeedForwardBias = family == .llama ? try object.flagOrNull("mlp_bias") : false
        tiesWordEmbeddings = try object.flag("tie_word_embeddings", default: false)
        beginTokenID = try object.integerOrNull(
            "bos_token_id", default: defaults.beginTokenID, in: ConfigLimits.tokenID)
        endTokenIDs = try object.tokenIDs("eos_token_id", default: defaults.endTokenIDs)

        guard headCount.isMultiple(of: keyValueHeadCount) else {
            throw inconsistent(
                object, "num_attention_heads \(headCount) is not divided by num_key_value_heads \(keyValueHeadCount)")
        }
        guard self.headSize > 0, self.headSize.isMultiple(of: 2) else {
            throw inconsistent(object, "head_dim is \(self.headSize), which rotary positions cannot halve")
        }
    }

    /// Only Mistral and, in some layers if switched on, Qwen have a window: for LLaMA the key means nothing.
    private static func slidingWindow(_ object: ConfigObject, family: Family, layerCount: Int) throws -> Int? {
        let used =
            switch family {
            case .llama: false
            case .mistral: true
            case .qwen2, .qwen3: try qwen2HasSlidingLayers(object, layerCount: layerCount)
            }
        return used ? try object.integerOrNull("sliding_window", default: 4096, in: ConfigLimits.positions) : nil
    }

    private static func qwen2HasSlidingLayers(_ object: ConfigObject, layerCount: Int) throws -> Bool {
        let isOn = try object.flagOrNull("use_sliding_window")
        let firstLayer = try object.integer(
            "max_window_layers", default: 28, in: 0...ConfigLimits.layers.upperBound)
        let key = "layer_types"
        guard object.has(key) else { return isOn && firstLayer < layerCount }
        let kinds: [JSONValue] = [.string("full_attention"), .string("sliding_attention")]
        guard case .array(let layers) = object[key], layers.count == layerCount, layers.allSatisfy(kinds.contains)
        else {
            throw object.wrong(key, needed: "full_attention or sliding_attention for each of the \(layerCount) layers")
        }
        return isOn && layers.contains(kinds[1])
    }

    private func inconsistent(_ object: ConfigObject, _ problem: String) -> CheckpointError {
        CheckpointError(
            .malformed, file: object.file, problem: "\(object.path)\(problem)",
            remedy: "put the checkpoint's own configuration here")
    }
}
