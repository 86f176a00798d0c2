import OrderedJSON

/// What sets the layers of InternVL's tower apart, and differs from one checkpoint to another.
public struct InternVLBlocks: Sendable, Hashable {
    public enum Norm: String, Sendable, Hashable, CaseIterable {
        case layerNorm = "layer_norm"
        case rmsNorm = "rms_norm"
    }

    /// Before attention and before the feed-forward layers (`norm_type`).
    public var norm: Norm
    /// On queries, keys and values (`attention_bias`); the output projection always has one.
    public var hasAttentionBias: Bool
    /// Queries and keys are normalised over their whole width, before the split into heads (`use_qk_norm`).
    public var normalizesQueriesAndKeys: Bool
    /// A layer norm behind the last layer: without mean pooling (`use_mean_pooling`).
    public var hasFinalNorm: Bool

    public init(norm: Norm, hasAttentionBias: Bool, normalizesQueriesAndKeys: Bool, hasFinalNorm: Bool) {
        self.norm = norm
        self.hasAttentionBias = hasAttentionBias
        self.normalizesQueriesAndKeys = normalizesQueriesAndKeys
        self.hasFinalNorm = hasFinalNorm
    }
}

extension VisionModelConfig {
    /// Reads the `vision_config` of an InternVL; absent keys take the defaults of `InternVLVisionConfig` in
    /// Transformers 4.57.6.
    init(internVL object: ConfigObject) throws {
        let kind = try object.string("model_type", default: "internvl_vision")
        guard kind == "internvl_vision" else { throw object.unsupported("model_type", supported: "internvl_vision") }
        try SettingsTable.internVLVision.check(object)
        let norm = InternVLBlocks.Norm(rawValue: try object.string("norm_type", default: "layer_norm"))
        guard let norm else { throw object.unsupported("norm_type", supported: "layer_norm, rms_norm") }
        self.init(
            hiddenSize: try object.integer("hidden_size", default: 1024, in: ConfigLimits.width),
            layerCount: try object.integer("num_hidden_layers", default: 24, in: ConfigLimits.layers),
            headCount: try object.integer("num_attention_heads", default: 16, in: ConfigLimits.heads),
            intermediateSize: try object.integer("intermediate_size", default: 4096, in: ConfigLimits.width),
            imageSize: try object.square("image_size", default: 448),
            patchSize: try object.square("patch_size", default: 14),
            activation: try object.activation("hidden_act", default: .gelu),
            layerNormEpsilon: try object.positive("layer_norm_eps", default: 1e-6, allowsZero: true))
        architecture = .internVL(
            InternVLBlocks(
                norm: norm, hasAttentionBias: try object.flag("attention_bias", default: false),
                normalizesQueriesAndKeys: try object.flag("use_qk_norm", default: false),
                hasFinalNorm: try !object.flag("use_mean_pooling", default: true)))
        guard try object.integer("num_channels", default: 3, in: 1...64) == 3 else {
            throw object.unsupported("num_channels", supported: "3")
        }
        guard hiddenSize.isMultiple(of: headCount) else {
            throw object.wrong("num_attention_heads", needed: "a divisor of hidden_size, which is \(hiddenSize)")
        }
        guard patchSize <= imageSize else {
            throw object.wrong("patch_size", needed: "no larger than image_size, which is \(imageSize)")
        }
    }
}

extension ConfigObject {
    /// A number of pixels, or height and width that are the same.
    fileprivate func square(_ key: String, default fallback: Int) throws -> Int {
        guard case .array(let sides) = values[key] else {
            return try integer(key, default: fallback, in: ConfigLimits.pixels)
        }
        let numbers = sides.compactMap(Self.integer).filter(ConfigLimits.pixels.contains)
        guard sides.count == 2, numbers.count == 2, numbers[0] == numbers[1] else {
            throw wrong(key, needed: "a number of pixels, or two that are the same: views are squares")
        }
        return numbers[0]
    }
}
