import Foundation
import Testing

@testable import Checkpoints

/// Absent keys take Transformers 4.57.6's defaults; a null is not an absent key.
@Suite struct ConfigTests {
    private func config(_ json: String) throws -> VisionLanguageConfig {
        try VisionLanguageConfig(try JSONObject(Data(json.utf8), path: "config.json"))
    }

    @Test func vicunaFolderTakesLlamaDefaults() throws {
        let config = try config(
            #"{"model_type":"llava_next","text_config":{"model_type":"llama","max_position_embeddings":4096,"rms_norm_eps":1e-05,"vocab_size":32064},"vision_config":{"model_type":"clip_vision_model","hidden_size":1024,"image_size":336,"intermediate_size":4096,"num_attention_heads":16,"num_hidden_layers":24,"patch_size":14,"projection_dim":768,"vocab_size":32000}}"#
        )
        #expect((config.text.hiddenSize, config.text.layerCount, config.text.headCount) == (4096, 32, 32))
        #expect((config.text.intermediateSize, config.text.keyValueHeadCount) == (11008, 32))
        #expect((config.text.ropeTheta, config.text.rmsNormEpsilon) == (10000, 1e-5))
        #expect(config.vision.activation == .quickGELU)
        #expect(config.vision.layerNormEpsilon == 1e-5)
        #expect((config.featureHiddenState, config.finalLayer) == (23, 22))
        #expect(config.gridPinpoints.count == 5)
        #expect(config.imageTokenIndex == 32000)
    }

    @Test func mistralFolderTakesMistralDefaults() throws {
        let config = try config(#"{"model_type":"llava_next","text_config":{"model_type":"mistral"}}"#)
        #expect((config.text.intermediateSize, config.text.keyValueHeadCount) == (14336, 8))
        #expect(config.text.slidingWindow == 4096)
        #expect(config.text.maxPositions == 131_072)
        // Without a vision_config LLaVA-NeXT's own defaults hold.
        #expect((config.vision.hiddenSize, config.vision.layerCount, config.vision.patchSize) == (1024, 24, 14))
        let null = try self.config(
            #"{"model_type":"llava_next","text_config":{"model_type":"mistral","sliding_window":null}}"#)
        #expect(null.text.slidingWindow == nil)
    }

    @Test func emptyFoldersOfEachFamily() throws {
        #expect(try config(#"{"model_type":"llava"}"#).text.maxPositions == 2048)
        #expect(try config(#"{"model_type":"llava","vision_config":{}}"#).vision.hiddenSize == 768)
        #expect(
            try config(#"{"model_type":"llava","text_config":{"model_type":"qwen2"}}"#).text.attentionBias
                == .queryKeyValue)
    }

    @Test(arguments: [
        #"{}"#, #"{"model_type":"qwen2_vl"}"#, #"{"model_type":5}"#, #"{"model_type":"llava","text_config":[]}"#,
        #"{"model_type":"llava","text_config":{"hidden_size":"big"}}"#,
        #"{"model_type":"llava","text_config":{"hidden_size":0}}"#,
        #"{"model_type":"llava","text_config":{"num_attention_heads":32,"num_key_value_heads":5}}"#,
        #"{"model_type":"llava","text_config":{"rope_scaling":{"type":"yarn","factor":4}}}"#,
        #"{"model_type":"llava","vision_feature_layer":[-2,-3]}"#,
        #"{"model_type":"llava","vision_feature_layer":-99}"#,
        #"{"model_type":"llava_next","image_grid_pinpoints":[[336]]}"#,
        #"{"model_type":"llava","projector_hidden_act":"tanh"}"#,
        #"{"model_type":"llava","vision_config":{"patch_size":15,"image_size":336}}"#, "nonsense",
    ])
    func whatCannotBeRunIsRefused(_ json: String) {
        #expect(throws: CheckpointError.self) { try config(json) }
    }

    @Test func preprocessingFollowsItsClass() throws {
        func read(_ json: String) throws -> PreprocessorConfig {
            try PreprocessorConfig(try JSONObject(Data(json.utf8), path: "p.json"), family: .llava)
        }
        #expect(try read(#"{"image_processor_type":"LlavaNextImageProcessorFast"}"#).kind == .llavaNext)
        #expect(try read(#"{}"#).kind == .clip)
        #expect(try read(#"{"crop_size":336,"size":336}"#).cropWidth == 336)
        #expect(try read(#"{"image_processor_type":"LlavaImageProcessor"}"#).pads == false)
        #expect(throws: CheckpointError.self) { try read(#"{"resample":2}"#) }
        #expect(throws: CheckpointError.self) { try read(#"{"image_mean":[1,2]}"#) }
    }

    @Test func foldersSayWhatIsMissing() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID())")
        #expect(throws: CheckpointError.self) { try CheckpointFolder(folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let none = #expect(throws: CheckpointError.self) { try CheckpointFolder(folder) }
        #expect("\(try #require(none))".contains("config.json"))
        try Data(#"{"model_type":"llava"}"#.utf8).write(to: folder.appending(path: "config.json"))
        let weights = #expect(throws: CheckpointError.self) { try CheckpointFolder(folder) }
        #expect("\(try #require(weights))".contains("model.safetensors"))
        try Data(#"{"weight_map":{"a":"../../etc/passwd"}}"#.utf8)
            .write(to: folder.appending(path: "model.safetensors.index.json"))
        let path = #expect(throws: CheckpointError.self) { try CheckpointFolder(folder) }
        #expect("\(try #require(path))".contains("names no file"))
    }
}
