import Failures
import Foundation
import OrderedJSON
import Testing

@testable import Checkpoints

/// InternVL's configuration files: what is read, and what is refused by name.
@Suite struct InternVLConfigTests {
    private static let vision = """
        {"model_type": "internvl_vision", "attention_bias": true, "image_size": [448, 448], "patch_size": [14, 14],
         "norm_type": "layer_norm", "use_qk_norm": false, "use_mean_pooling": true, "layer_norm_eps": 1e-06}
        """

    private func config(_ changes: String = "", vision: String = Self.vision, text: String = "{}") throws
        -> VisionLanguageConfig
    {
        try VisionLanguageConfig(
            json: Data(
                "{\"model_type\": \"internvl\", \"text_config\": \(text), \"vision_config\": \(vision)\(changes)}".utf8)
        )
    }

    private func refusal(_ changes: String = "", vision: String = Self.vision, text: String = "{}") -> String {
        let error = #expect(throws: CheckpointError.self) { try config(changes, vision: vision, text: text) }
        return error?.description ?? ""
    }

    @Test func absentKeysTakeTransformersDefaults() throws {
        let config = try VisionLanguageConfig(json: Data(#"{"model_type": "internvl"}"#.utf8))
        #expect(config.family == .internVL)
        #expect(config.text.family == .qwen2)
        #expect(config.text.vocabularySize == 151_936)
        #expect(config.imageTokenID == 151_667)
        #expect(config.resolvedFeatureLayers == [24])
        #expect(config.visionFeatureLayerCount == 24)
        #expect(config.featureWidth == 4096)
        #expect(config.tokensPerView == 256)
        #expect(config.tokenSize == 28)
        #expect(config.vision.imageSize == 448)
        #expect(config.vision.activation == .gelu)
        #expect(config.vision.layerNormEpsilon == 1e-6)
        #expect(
            config.vision.architecture
                == .internVL(
                    InternVLBlocks(
                        norm: .layerNorm, hasAttentionBias: false, normalizesQueriesAndKeys: false, hasFinalNorm: false)
                ))
    }

    @Test func whatTheTowerIsBuiltOfIsRead() throws {
        let vision = """
            {"norm_type": "rms_norm", "use_qk_norm": true, "use_mean_pooling": false, "attention_bias": true,
             "image_size": 224, "patch_size": 14, "hidden_size": 3200, "num_attention_heads": 25}
            """
        let config = try config(vision: vision)
        #expect(
            config.vision.architecture
                == .internVL(
                    InternVLBlocks(
                        norm: .rmsNorm, hasAttentionBias: true, normalizesQueriesAndKeys: true, hasFinalNorm: true)))
        #expect(config.tokensPerView == 64)
    }

    /// Dynamic scaling changes nothing within the context; Qwen3's heads are normalised.
    @Test func textModels() throws {
        let scaled = try config(
            text:
                #"{"model_type": "qwen2", "rope_scaling": {"factor": 2.0, "rope_type": "dynamic", "type": "dynamic"}}"#)
        #expect(scaled.text.ropeScaling == .none)
        #expect(scaled.text.maximumPositions == 32_768)
        let qwen3 = try config(
            text: #"{"model_type": "qwen3", "hidden_size": 1024, "num_attention_heads": 16, "num_key_value_heads": 8}"#
        ).text
        #expect(qwen3.normalizesQueriesAndKeys)
        #expect(qwen3.headSize == 128)
        #expect(!qwen3.hasQueryKeyValueBias)
        #expect(refusal(text: #"{"model_type": "qwen3_moe"}"#).contains("text_config.model_type is \"qwen3_moe\""))
        #expect(
            refusal(text: #"{"rope_scaling": {"rope_type": "dynamic"}}"#).contains("text_config.rope_scaling.factor"))
    }

    @Test(arguments: [
        ("vision_feature_layer", #", "vision_feature_layer": -2"#),
        ("vision_feature_select_strategy", #", "vision_feature_select_strategy": "full""#),
        ("downsample_ratio", #", "downsample_ratio": 0.25"#),
        ("projector_hidden_act", #", "projector_hidden_act": "selu""#),
        ("image_token_id", #", "image_token_id": -1"#),
        ("quantization_config", #", "quantization_config": {"quant_method": "awq"}"#),
    ])
    func settingsAreRefusedByName(key: String, changes: String) {
        #expect(refusal(changes).contains("\(key) is"))
    }

    @Test(arguments: [
        ("norm_type", #"{"norm_type": "batch_norm"}"#), ("image_size", #"{"image_size": [448, 224]}"#),
        ("image_size", #"{"image_size": [448]}"#), ("patch_size", #"{"patch_size": [14, 28]}"#),
        ("num_channels", #"{"num_channels": 1}"#), ("hidden_act", #"{"hidden_act": "selu"}"#),
        ("num_attention_heads", #"{"num_attention_heads": 15}"#),
        ("use_absolute_position_embeddings", #"{"use_absolute_position_embeddings": false}"#),
        ("model_type", #"{"model_type": "siglip_vision_model"}"#),
    ])
    func towersAreRefusedByName(key: String, vision: String) {
        #expect(refusal(vision: vision).contains("vision_config.\(key) is"))
    }

    @Test func oddGridsAreRefused() {
        #expect(refusal(vision: #"{"image_size": 42, "patch_size": 14}"#).contains("3 patches along a side"))
    }

    /// Other makes, with what could be done instead.
    @Test func relatedModelsAreRefusedWithAReason() {
        func refusal(_ json: String) -> String {
            let error = #expect(throws: CheckpointError.self) { try VisionLanguageConfig(json: Data(json.utf8)) }
            #expect(error?.code == .unsupported)
            let text = error?.description ?? ""
            #expect(text.count < 400)
            return text
        }
        let named = refusal(#"{"model_type": "internvl_chat", "_name_or_path": "OpenGVLab/InternVL2_5-4B"}"#)
        #expect(named.contains("OpenGVLab/InternVL2_5-4B-hf"))
        #expect(refusal(#"{"model_type": "internvl_chat"}"#).contains("OpenGVLab/InternVL3-1B-hf"))
        let odd = refusal(#"{"model_type": "internvl_chat", "_name_or_path": "/home/a/InternVL\n; rm -r"}"#)
        #expect(!odd.contains("rm -r"))
        for (type, name) in [("llava_onevision", "LLaVA-OneVision"), ("qwen2_5_vl", "Qwen2.5-VL")] {
            let text = refusal("{\"model_type\": \"\(type)\"}")
            for part in [type, name, "CLS token", "uniform, spatial, random, divprune"] { #expect(text.contains(part)) }
        }
    }

    // MARK: Folders

    private func description(_ files: [String: String]) throws -> ModelDescription {
        let folder = try TemporaryFolder()
        try folder.write(
            "{\"model_type\": \"internvl\", \"vision_config\": \(Self.vision)}", to: "config.json")
        for (name, text) in files { try folder.write(text, to: name) }
        return try ModelDescription(contentsOf: folder.url)
    }

    /// As fast processors save it, with what is not set spelled out.
    @Test func publishedPreprocessors() throws {
        let file = """
            {"crop_size": null, "crop_to_patches": false, "data_format": "channels_first", "default_to_square": true,
             "device": null, "disable_grouping": null, "do_center_crop": null, "do_convert_rgb": true,
             "do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.485, 0.456, 0.406],
             "image_processor_type": "GotOcr2ImageProcessorFast", "image_std": [0.229, 0.224, 0.225],
             "input_data_format": null, "max_patches": 12, "min_patches": 1, "processor_class": "InternVLProcessor",
             "resample": 3, "rescale_factor": 0.00392156862745098, "return_tensors": null,
             "size": {"height": 448, "width": 448}}
            """
        let preprocessor = try description(["preprocessor_config.json": file]).preprocessor
        #expect(preprocessor.kind == .gotOCR2)
        #expect(preprocessor.isFast)
        #expect(preprocessor.tiles == 1...12)
        #expect(preprocessor.mean == [0.485, 0.456, 0.406])
        #expect(preprocessor.size == .exact(height: 448, width: 448))
    }

    @Test(arguments: [
        // The class's own size is another one.
        ("448×448", "{}"), ("448×448", #"{"size": 384}"#), ("size is", #"{"size": {"shortest_edge": 448}}"#),
        ("min_patches is", #"{"size": 448, "min_patches": 13}"#),
        ("max_patches is", #"{"size": 448, "max_patches": 65}"#),
        ("max_patches is", #"{"size": 448, "max_patches": 0}"#),
        ("image_processor_type is", #"{"size": 448, "image_processor_type": "CLIPImageProcessor"}"#),
        (
            "do_center_crop is",
            #"{"size": 448, "image_processor_type": "GotOcr2ImageProcessorFast", "do_center_crop": true}"#
        ),
    ])
    func preprocessorsAreRefusedByName(shown: String, file: String) {
        let error = #expect(throws: CheckpointError.self) { try description(["preprocessor_config.json": file]) }
        #expect(error?.description.contains(shown) == true, "\(error?.description ?? "")")
    }

    @Test func preprocessorsThatAreMissingOrCountOtherwiseAreRefused() throws {
        let missing = #expect(throws: CheckpointError.self) { try description([:]) }
        #expect(missing?.code == .missing)
        let sound = ["preprocessor_config.json": #"{"size": 448}"#]
        #expect(try description(sound).preprocessor.mean == PreprocessorConfig.clipMean)
        let counted = sound.merging(["processor_config.json": #"{"image_seq_length": 64}"#]) { $1 }
        let error = #expect(throws: CheckpointError.self) { try description(counted) }
        #expect(error?.description.contains("image_seq_length is 64") == true)
        _ = try description(sound.merging(["processor_config.json": #"{"image_seq_length": 256}"#]) { $1 })
    }

    /// LLaVA's processors do not take InternVL's, nor the other way round.
    @Test func processorsOfOtherFamiliesAreRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write(#"{"model_type": "llava_next"}"#, to: "config.json")
        try folder.write(
            #"{"image_processor_type": "GotOcr2ImageProcessor", "size": 336}"#, to: "preprocessor_config.json")
        let error = #expect(throws: CheckpointError.self) { try ModelDescription(contentsOf: folder.url) }
        #expect(error?.description.contains("LlavaNextImageProcessor") == true)
    }
}
