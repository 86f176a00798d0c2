import OrderedJSON

extension VisionLanguageConfig {
    /// `config.json` of an InternVL in its `-hf` form; absent keys take the defaults of `InternVLConfig` in Transformers
    /// 4.57.6.
    init(internVL object: ConfigObject) throws {
        family = .internVL
        layout = .huggingFace
        modelType = family.rawValue
        text = try TextModelConfig(
            try object.object("text_config") ?? ConfigObject([:], file: object.file, path: "text_config."),
            defaultFamily: .qwen2)
        vision = try VisionModelConfig(
            internVL: try object.object("vision_config")
                ?? ConfigObject([:], file: object.file, path: "vision_config."))
        visionTowerName = nil
        projectorActivation = try object.activation("projector_hidden_act", default: .gelu)
        projectorHasBias = true
        imageTokenID = try object.integer("image_token_id", default: 151_667, in: ConfigLimits.tokenID)
        pinpoints = []
        // Any other value makes Transformers 4.57.6 look for an attribute that the model does not have.
        guard try object.integer("vision_feature_layer", default: -1, in: -4096...4096) == -1 else {
            throw object.unsupported("vision_feature_layer", supported: "-1, the tower's last")
        }
        visionFeatureLayers = [-1]
        let strategy = "vision_feature_select_strategy"
        guard let selection = FeatureSelection(rawValue: try object.string(strategy, default: "default")) else {
            throw object.unsupported(strategy, supported: "default")
        }
        featureSelection = selection
        let ratio = try object.positive("downsample_ratio", default: 0.5)
        guard ratio == 0.5 else { throw object.unsupported("downsample_ratio", supported: "0.5") }
        patchesPerTokenSide = 2
        guard vision.gridSize.isMultiple(of: patchesPerTokenSide) else {
            throw CheckpointError(
                .malformed, file: object.file,
                problem:
                    "vision_config gives \(vision.gridSize) patches along a side, which tokens of 2×2 do not divide",
                remedy: "put the checkpoint's own configuration here")
        }
        tiesWordEmbeddings = text.tiesWordEmbeddings
        endTokenIDs = try object.tokenIDs("eos_token_id", default: [])
        aspectRatio = nil
    }
}

/// Vision-language models of other makes, by their `model_type`: why this program does not run them.
enum ForeignModel {
    /// Towers without a CLS token leave nothing for HiRED to read.
    private static let withoutClassToken = [
        "llava_onevision": "LLaVA-OneVision", "qwen2_vl": "Qwen2-VL", "qwen2_5_vl": "Qwen2.5-VL",
        "qwen3_vl": "Qwen3-VL",
    ]

    /// - Returns: `nil` for a model that has no sentence of its own.
    static func refusal(_ object: ConfigObject, modelType: String) -> CheckpointError? {
        if modelType == "internvl_chat" {
            return CheckpointError(
                .unsupported, file: object.file,
                problem: "model_type is internvl_chat, InternVL's original form, which brings code of its own",
                remedy: "give the same model's folder for Transformers, \(transformersName(object))")
        }
        guard let name = withoutClassToken[modelType] else { return nil }
        return CheckpointError(
            .unsupported, file: object.file,
            problem:
                "model_type is \(modelType): the vision tower of \(name) has no CLS token, whose attention HiRED reads, "
                + "and is not implemented; strategies that read no attention (uniform, spatial, random, divprune) could serve it",
            remedy: "give a LLaVA-NeXT, LLaVA-1.5 or InternVL (-hf) checkpoint")
    }

    /// What the `-hf` folder of a chat folder is called.
    private static func transformersName(_ object: ConfigObject) -> String {
        if case .string(let path) = object["_name_or_path"],
            let name = path.split(separator: "/").last, name.hasPrefix("InternVL"), name.utf8.count <= 64,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
        {
            return "OpenGVLab/\(name)-hf"
        }
        return "whose name ends in -hf (OpenGVLab/InternVL3-1B-hf for InternVL3-1B)"
    }
}
