import Failures
import Foundation
import OrderedJSON
import Testing

@testable import Checkpoints

@Suite("The LLaVA authors' own layout")
struct OriginalLayoutTests {
    /// The keys of liuhaotian/llava-v1.5-7b that matter here.
    private func original(_ changes: JSONObject) -> ConfigObject {
        var values: JSONObject = [
            "model_type": .string("llava"), "architectures": .array([.string("LlavaLlamaForCausalLM")]),
            "hidden_size": .integer(4096), "intermediate_size": .integer(11008), "num_attention_heads": .integer(32),
            "num_hidden_layers": .integer(32), "num_key_value_heads": .integer(32), "vocab_size": .integer(32000),
            "max_position_embeddings": .integer(4096), "rms_norm_eps": .number(1e-5), "rope_scaling": .null,
            "bos_token_id": .integer(1), "eos_token_id": .integer(2), "image_aspect_ratio": .string("pad"),
            "mm_hidden_size": .integer(1024), "mm_projector_type": .string("mlp2x_gelu"),
            "mm_vision_select_feature": .string("patch"), "mm_vision_select_layer": .integer(-2),
            "mm_vision_tower": .string("openai/clip-vit-large-patch14-336"), "tie_word_embeddings": .bool(false),
        ]
        for (key, value) in changes { values[key] = value }
        return ConfigObject(values, file: "config.json")
    }

    @Test func singlePictureModel() throws {
        let config = try VisionLanguageConfig(original([:]))
        #expect(config.layout == .original)
        #expect(config.family == .llava)
        #expect(config.text.family == .llama)
        #expect(config.text.hiddenSize == 4096)
        #expect(config.text.maximumPositions == 4096)
        #expect(config.vision == .clipLarge336)
        #expect(config.visionTowerName == "openai/clip-vit-large-patch14-336")
        #expect(config.visionFeatureLayerCount == 23)
        #expect(config.imageTokenID == nil)
        #expect(config.pinpoints.isEmpty)
        let preprocessor = PreprocessorConfig(defaultsFor: config)
        #expect(preprocessor.kind == .llava)
        #expect(preprocessor.pads)
        #expect(preprocessor.size == .shortestEdge(336))
        #expect(preprocessor.cropHeight == 336)
    }

    /// The pairs are (width, height) there, in the file's order.
    @Test func anyResolutionPairsAreWidthFirst() throws {
        let pairs: [JSONValue] = [[336, 672], [672, 336], [672, 672]].map { .array($0.map(JSONValue.integer)) }
        let config = try VisionLanguageConfig(
            original([
                "image_aspect_ratio": .string("anyres"), "mm_patch_merge_type": .string("spatial_unpad"),
                "image_grid_pinpoints": .array(pairs),
            ]))
        #expect(config.family == .llavaNext)
        #expect(
            config.pinpoints == [
                Pinpoint(height: 672, width: 336), Pinpoint(height: 336, width: 672), Pinpoint(height: 672, width: 672),
            ])
        let preprocessor = PreprocessorConfig(defaultsFor: config)
        #expect(preprocessor.kind == .llavaNext)
        #expect(preprocessor.pinpoints == config.pinpoints)
    }

    @Test(arguments: [
        ("llava_llama", TextModelConfig.Family.llama), ("share4v", .llama), ("llava_mistral", .mistral),
    ])
    func otherNames(modelType: String, family: TextModelConfig.Family) throws {
        let config = try VisionLanguageConfig(original(["model_type": .string(modelType)]))
        #expect(config.layout == .original)
        #expect(config.modelType == modelType)
        #expect(config.text.family == family)
        #expect(config.text.slidingWindow == (family == .mistral ? 4096 : nil))
    }

    @Test(arguments: [
        ("mm_projector_type", JSONValue.string("linear")), ("mm_vision_select_feature", .string("all")),
        ("mm_vision_select_layer", .integer(30)), ("image_aspect_ratio", .string("anyres_max_9")),
        ("mm_patch_merge_type", .string("flat")), ("image_grid_pinpoints", .null),
    ])
    func unsupportedValues(key: String, value: JSONValue) throws {
        var changes: JSONObject = [:]
        if ["mm_patch_merge_type", "image_grid_pinpoints"].contains(key) {
            changes["image_aspect_ratio"] = .string("anyres")
            changes["mm_patch_merge_type"] = .string("spatial_unpad")
        }
        changes[key] = value
        let error = #expect(throws: CheckpointError.self) { try VisionLanguageConfig(original(changes)) }
        #expect(error?.problem.hasPrefix(key) == true)
    }

    @Test func towerFolders() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            #"{"model_type": "clip_vision_model", "hidden_size": 1024, "num_attention_heads": 16, "image_size": 336}"#,
            to: "config.json")
        let plain = try VisionModelConfig(towerFolder: folder.url)
        #expect(plain.hiddenSize == 1024)
        #expect(plain.patchSize == 32)
        try folder.write(
            #"""
            {"model_type": "clip", "text_config": {"hidden_size": 768}, "vision_config": {"model_type":
             "clip_vision_model", "hidden_size": 1024, "num_attention_heads": 16, "image_size": 336, "patch_size": 14}}
            """#, to: "config.json")
        #expect(try VisionModelConfig(towerFolder: folder.url).patchSize == 14)
        try folder.write(
            #"{"model_type": "clip", "vision_config_dict": {"patch_size": 16}, "vision_config": {"image_size": 336}}"#,
            to: "config.json")
        let old = try VisionModelConfig(towerFolder: folder.url)
        #expect(old.patchSize == 16)
        #expect(old.imageSize == 224)
        try folder.write(#"{"model_type": "siglip"}"#, to: "config.json")
        #expect(throws: CheckpointError.self) { try VisionModelConfig(towerFolder: folder.url) }
    }
}

@Suite("Folders in the original layout")
struct OriginalFolderTests {
    private static let config = """
        {"model_type": "llava_llama", "mm_projector_type": "mlp2x_gelu", "image_aspect_ratio": "anyres",
         "mm_patch_merge_type": "spatial_unpad", "image_grid_pinpoints": [[28, 56], [56, 28]],
         "mm_vision_tower": "some/tower", "mm_vision_select_layer": -2}
        """
    private static let towerConfig = """
        {"model_type": "clip_vision_model", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 3,
         "intermediate_size": 96, "image_size": 28, "patch_size": 14, "hidden_act": "gelu"}
        """

    private func checkpoint(towerInside: Bool, layers: Int = 3) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(Self.config, to: "config.json")
        var shapes: [(String, [Int])] = [("model.image_newline", [8])]
        if towerInside {
            shapes += [
                ("embeddings.patch_embedding.weight", [64, 3, 14, 14]),
                ("embeddings.position_embedding.weight", [5, 64]),
            ].map { (OriginalTower.prefix + $0, $1) }
            shapes += (0..<layers).map { ("\(OriginalTower.prefix)encoder.layers.\($0).mlp.fc1.weight", [96, 64]) }
        }
        var entries: [String] = []
        var end = 0
        for (name, shape) in shapes {
            let size = shape.reduce(2, *)
            entries.append(SafetensorsWriter.entry(name, "F16", shape, end, end + size))
            end += size
        }
        let header = "{\(entries.joined(separator: ","))}"
        try folder.write(
            SafetensorsWriter.file(header: header, data: [UInt8](repeating: 0, count: end)), to: "model.safetensors")
        return folder
    }

    private func tower(preprocessor: String? = nil) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(Self.towerConfig, to: "config.json")
        if let preprocessor { try folder.write(preprocessor, to: "preprocessor_config.json") }
        try folder.write(SafetensorsWriter.file(["vision_model.w": [1]]), to: "model.safetensors")
        return folder
    }

    @Test func towerInAFolderOfItsOwn() throws {
        let folder = try checkpoint(towerInside: false)
        let tower = try tower(
            preprocessor: #"""
                {"feature_extractor_type": "CLIPFeatureExtractor", "size": 28, "crop_size": 28, "image_mean": [0.5, 0.5, 0.5]}
                """#)
        let opened = try CheckpointFolder.open(folder.url, visionTower: tower.url)
        #expect(opened.config.vision.headCount == 4)
        #expect(opened.config.vision.activation == .gelu)
        #expect(opened.config.visionFeatureLayerCount == 2)
        #expect(opened.towerWeights?.tensors.keys.sorted() == ["vision_model.w"])
        #expect(opened.preprocessor.kind == .llavaNext)
        #expect(opened.preprocessor.mean == [0.5, 0.5, 0.5])
        #expect(opened.preprocessor.pinpoints == [Pinpoint(height: 56, width: 28), Pinpoint(height: 28, width: 56)])
        #expect(opened.notes.count == 1)
    }

    @Test func towerInsideIsMeasured() throws {
        let folder = try checkpoint(towerInside: true)
        let opened = try CheckpointFolder.open(folder.url)
        let vision = opened.config.vision
        #expect(vision.hiddenSize == 64)
        #expect(vision.layerCount == 3)
        #expect(vision.headCount == 1)
        #expect(vision.intermediateSize == 96)
        #expect(vision.patchSize == 14)
        #expect(vision.imageSize == 28)
        #expect(opened.towerWeights == nil)
        #expect(opened.preprocessor.cropHeight == 28)
        #expect(opened.notes.contains { $0.contains("described by its tensors") })
    }

    /// The folder describes the tower, but the weights inside win.
    @Test func towerInsideAndAFolder() throws {
        let folder = try checkpoint(towerInside: true)
        let tower = try tower()
        let opened = try CheckpointFolder.open(folder.url, visionTower: tower.url)
        #expect(opened.config.vision.headCount == 4)
        #expect(opened.towerWeights == nil)
    }

    @Test func towerNowhere() throws {
        let folder = try checkpoint(towerInside: false)
        try folder.write(Self.config.replacingOccurrences(of: "anyres", with: "pad"), to: "config.json")
        let opened = try CheckpointFolder.open(folder.url)
        #expect(opened.config.vision == .clipLarge336)
        #expect(opened.preprocessor.pads)
        #expect(opened.notes.contains { $0.contains("\"some/tower\"") })
    }

    @Test func towerWithoutTheFeatureLayer() throws {
        let folder = try checkpoint(towerInside: true, layers: 1)
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(error?.problem == "mm_vision_select_layer is -2")
    }

    @Test func towerForAHuggingFaceLayout() throws {
        let folder = try TemporaryFolder()
        try folder.write(#"{"model_type": "llava"}"#, to: "config.json")
        try folder.write(SafetensorsWriter.file(["w": [1]]), to: "model.safetensors")
        let tower = try tower()
        let error = #expect(throws: CheckpointError.self) {
            try CheckpointFolder.open(folder.url, visionTower: tower.url)
        }
        #expect(error?.code == .misuse)
    }
}
