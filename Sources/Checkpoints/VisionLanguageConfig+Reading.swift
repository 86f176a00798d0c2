public import Foundation
import OrderedJSON

extension VisionLanguageConfig {
    static let fileName = "config.json"

    /// Reads `config.json` of a checkpoint folder.
    /// - Throws: `CheckpointError` naming the key, and what is supported where something is not.
    public init(folder: URL) throws {
        try self.init(
            ConfigObject(contentsOf: folder.appendingPathComponent(Self.fileName), name: Self.fileName))
    }

    /// Reads the text of a `config.json`.
    /// - Throws: `CheckpointError`.
    public init(json: Data) throws {
        try self.init(
            ConfigObject(JSONDocument.value(of: Array(json), name: Self.fileName), name: Self.fileName))
    }

    init(_ object: ConfigObject) throws {
        let modelType = try object.string("model_type", default: "")
        if Self.isOriginalLayout(object, modelType: modelType) {
            try self.init(original: object, modelType: modelType)
        } else if let family = Family(rawValue: modelType) {
            try SettingsTable.outermost(family).check(object)
            switch family {
            case .internVL: try self.init(internVL: object)
            case .llava, .llavaNext: try self.init(huggingFace: object, family: family)
            }
        } else {
            throw ForeignModel.refusal(object, modelType: modelType)
                ?? object.unsupported("model_type", supported: Self.supportedModelTypes)
        }
        try checkFeatureLayer()
        try checkFeatureSelection()
    }

    /// Puts the real vision tower in place of an assumed one (original layout).
    /// - Throws: `CheckpointError` when it lacks the layer that the features come from.
    mutating func replaceVision(_ tower: VisionModelConfig) throws {
        vision = tower
        try checkFeatureLayer()
    }

    private func checkFeatureLayer() throws {
        let layers = resolvedFeatureLayers
        // The embeddings are features only beside those of a layer.
        guard !(layers.allSatisfy((0...vision.layerCount).contains) && visionFeatureLayerCount > 0) else { return }
        let key = layout == .original ? "mm_vision_select_layer" : "vision_feature_layer"
        let written = visionFeatureLayers.map(String.init).joined(separator: ", ")
        throw CheckpointError(
            .malformed, file: Self.fileName, problem: "\(key) is \(written)",
            remedy: "it must be a layer of the vision tower, which has \(vision.layerCount)")
    }

    /// Transformers 4.57.6's LLaVA-NeXT takes the setting and fails on every picture: tiles of N + 1 rows have no grid
    /// (`pack_image_features`); so does the authors' own code. InternVL fails likewise (`get_image_features`).
    private func checkFeatureSelection() throws {
        guard family != .llava, featureSelection == .full else { return }
        let (key, written, other) =
            layout == .original
            ? ("mm_vision_select_feature", "cls_patch", "patch")
            : ("vision_feature_select_strategy", "full", "default")
        throw CheckpointError(
            .unsupported, file: Self.fileName,
            problem: "\(key) is \(written), and tiles have no place for CLS tokens",
            remedy: "set it to \(other), as every published model with tiles has it")
    }

    private init(huggingFace object: ConfigObject, family: Family) throws {
        self.family = family
        layout = .huggingFace
        modelType = family.rawValue
        text = try TextModelConfig(
            try object.object("text_config") ?? ConfigObject([:], file: object.file, path: "text_config."))
        vision = try object.object("vision_config").map(VisionModelConfig.init(_:)) ?? .clipLarge336
        visionTowerName = nil
        projectorActivation = try object.activation("projector_hidden_act", default: .gelu)
        projectorHasBias = try object.flag("multimodal_projector_bias", default: true)
        // The newer name is an alias that is applied last.
        let imageTokenKey = object["image_token_id"] == nil ? "image_token_index" : "image_token_id"
        imageTokenID = try object.integer(imageTokenKey, default: 32000, in: ConfigLimits.tokenID)
        pinpoints =
            family == .llavaNext
            ? try object.pinpoints("image_grid_pinpoints", default: Pinpoint.llavaNextDefaults) : []
        visionFeatureLayers = try object.featureLayers("vision_feature_layer", default: -2)
        let strategy = "vision_feature_select_strategy"
        guard let selection = FeatureSelection(rawValue: try object.string(strategy, default: "default")) else {
            throw object.unsupported(strategy, supported: "default, full")
        }
        featureSelection = selection
        tiesWordEmbeddings = try object.flag("tie_word_embeddings", default: family == .llava)
        endTokenIDs = try object.tokenIDs("eos_token_id", default: [])
        aspectRatio = nil
    }
}

extension VisionLanguageConfig {
    private static let originalModelTypes: [String: TextModelConfig.Family] = [
        "llava": .llama, "llava_llama": .llama, "llava_mistral": .mistral, "share4v": .llama,
    ]

    private static let supportedModelTypes =
        "llava_next, llava (of llava-hf), internvl (of OpenGVLab's -hf folders), and the original LLaVA layout's llava, "
        + "llava_llama, llava_mistral, share4v"

    /// `llava` names both layouts; only the authors' own has keys that begin with `mm_`.
    private static func isOriginalLayout(_ object: ConfigObject, modelType: String) -> Bool {
        guard originalModelTypes[modelType] != nil, object["text_config"] == nil else { return false }
        return modelType != "llava" || object.values.keys.contains { $0.hasPrefix("mm_") }
    }

    /// The LLaVA authors' `config.json` (haotian-liu/LLaVA v1.2.2, `llava_arch.py` and `multimodal_encoder`).
    private init(original object: ConfigObject, modelType: String) throws {
        guard let textFamily = Self.originalModelTypes[modelType] else {
            throw object.unsupported("model_type", supported: Self.supportedModelTypes)
        }
        try SettingsTable.original(textFamily).check(object)
        layout = .original
        self.modelType = modelType
        text = try TextModelConfig(object, family: textFamily)
        vision = .clipLarge336
        visionTowerName = try object.optionalString("mm_vision_tower")
        guard try object.string("mm_projector_type", default: "linear") == "mlp2x_gelu" else {
            throw object.unsupported("mm_projector_type", supported: "mlp2x_gelu")
        }
        projectorActivation = .gelu
        projectorHasBias = true
        imageTokenID = nil
        visionFeatureLayers = try object.featureLayers("mm_vision_select_layer", default: -2)
        guard visionFeatureLayers.count == 1 else {
            throw object.unsupported("mm_vision_select_layer", supported: "one layer")
        }
        let feature = "mm_vision_select_feature"
        switch try object.string(feature, default: "patch") {
        case "patch": featureSelection = .default
        case "cls_patch": featureSelection = .full
        default: throw object.unsupported(feature, supported: "patch, cls_patch")
        }
        let ratio = AspectRatio(rawValue: try object.optionalString("image_aspect_ratio") ?? "square")
        guard let ratio else { throw object.unsupported("image_aspect_ratio", supported: "pad, anyres, square") }
        aspectRatio = ratio
        family = ratio == .anyres ? .llavaNext : .llava
        pinpoints = []
        if ratio == .anyres {
            guard try object.string("mm_patch_merge_type", default: "flat") == "spatial_unpad" else {
                throw object.unsupported("mm_patch_merge_type", supported: "spatial_unpad")
            }
            pinpoints = try object.pinpoints("image_grid_pinpoints", default: [], widthFirst: true)
            guard !pinpoints.isEmpty else { throw object.wrong("image_grid_pinpoints", needed: "given for anyres") }
        }
        tiesWordEmbeddings = text.tiesWordEmbeddings
        endTokenIDs = text.endTokenIDs
    }
}

extension ConfigObject {
    /// One layer or a list of them.
    fileprivate func featureLayers(_ key: String, default fallback: Int) throws -> [Int] {
        let bounds = -ConfigLimits.layers.upperBound...ConfigLimits.layers.upperBound
        guard case .array(let list) = values[key] else { return [try integer(key, default: fallback, in: bounds)] }
        let layers = list.compactMap(Self.integer).filter(bounds.contains)
        guard layers.count == list.count, (1...64).contains(layers.count) else {
            throw wrong(key, needed: "a layer, or a list of 1 to 64 of them")
        }
        return layers
    }
}
