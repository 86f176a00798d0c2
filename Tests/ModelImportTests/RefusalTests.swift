import Checkpoints
import Failures
import Foundation
import ModelGraphs
import Testing

@testable import ModelImport

/// Checkpoints that cannot be imported, and what is said of them.
@Suite struct RefusalTests {
    private static let matrix = "language_model.model.layers.1.mlp.up_proj.weight"

    private func message(_ checkpoint: TestCheckpoint, weights: WeightFormat = .int4) -> String {
        var message = ""
        do { try checkpoint.run(weights: weights) } catch { message = "\(error)" }
        #expect(!message.isEmpty)
        #expect(checkpoint.remains.isEmpty)
        return message
    }

    /// Whatever the weights become: also where f16 is copied as it is.
    @Test(arguments: WeightFormat.allCases, [0x7C00, 0xFC00, 0x7E00, 0x7C01] as [UInt16])
    func valuesThatAreNotFiniteAreRefused(_ weights: WeightFormat, _ half: UInt16) throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.overwrite(Self.matrix, at: 2 * 777, with: [UInt8(half & 0xFF), UInt8(half >> 8)])
        let text = message(checkpoint, weights: weights)
        #expect(text.contains(Self.matrix))
        #expect(text.contains("model.safetensors"))
        #expect(text.contains("not a finite number"))
    }

    @Test(arguments: ["vision_tower.vision_model.pre_layrnorm.bias", "language_model.model.norm.weight"])
    func vectorsAreCheckedToo(_ name: String) throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.overwrite(name, at: 6, with: [0, 0x7E])
        #expect(message(checkpoint).contains(name))
    }

    @Test(arguments: WeightFormat.allCases)
    func valuesBeyondHalvesAreRefused(_ weights: WeightFormat) throws {
        let checkpoint = try TestCheckpoint("parity/next-f32/checkpoint")
        let name = try #require(
            try CheckpointFolder.open(checkpoint.url).weights.tensors.keys.sorted().first {
                $0.hasSuffix("layers.0.mlp.down_proj.weight")
            })
        try checkpoint.overwrite(
            name, at: 40, with: withUnsafeBytes(of: Float(-3e38).bitPattern.littleEndian) { Array($0) })
        let text = message(checkpoint, weights: weights)
        #expect(text.contains(name))
        #expect(text.contains("beyond the range of f16"))
    }

    @Test func aMissingTowerNamesTheOption() throws {
        let checkpoint = try TestCheckpoint("layouts/original-share4v/checkpoint")
        let text = message(checkpoint)
        #expect(text.contains("visionTower"))
        #expect(text.contains("openai/clip-vit-large-patch14-336"))
    }

    @Test func unknownNamesAreShownWithWhatIsSupported() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.edit("model.safetensors") { data in
            let known = Data("embed_tokens".utf8)
            let place = try #require(data.range(of: known))
            data.replaceSubrange(place, with: Data("token_matrix".utf8))
        }
        let text = message(checkpoint)
        #expect(text.contains("llava-hf old or new, original LLaVA"))
        #expect(text.contains("image_newline"))
    }

    @Test func unknownModelsAreNamed() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.editConfig { $0["model_type"] = "video_llava" }
        let text = message(checkpoint)
        #expect(text.contains("video_llava"))
        for family in VisionLanguageConfig.Family.allCases { #expect(text.contains(family.rawValue)) }
    }

    @Test func quantizedCheckpointsAreRefused() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.editConfig { $0["quantization_config"] = ["quant_method": "gptq", "bits": 4] }
        let text = message(checkpoint)
        #expect(text.contains("quantization_config"))
        #expect(text.contains("unquantised"))
    }

    @Test func aTensorOfAnotherShapeIsNamed() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.editConfig { config in
            var text = try #require(config["text_config"] as? [String: Any])
            text["intermediate_size"] = 128
            config["text_config"] = text
        }
        #expect(message(checkpoint).contains("mlp."))
    }

    @Test func aMissingTensorIsNamed() throws {
        let checkpoint = try TestCheckpoint()
        try checkpoint.edit("model.safetensors") { data in
            let place = try #require(data.range(of: Data("layers.1.mlp.up_proj".utf8)))
            data.replaceSubrange(place, with: Data("layers.1.mlp.uq_proj".utf8))
        }
        #expect(message(checkpoint).contains(Self.matrix))
    }

    @Test func aTokenizerIsNeeded() throws {
        let checkpoint = try TestCheckpoint()
        try FileManager.default.removeItem(at: checkpoint.url.appending(path: "tokenizer.json"))
        #expect(throws: ImportError.self) { try checkpoint.run() }
        let text = message(checkpoint)
        #expect(text.contains("tokenizer.json or tokenizer.model"))
    }

    @Test func aForeignLanguageModelMustBeThere() throws {
        let checkpoint = try TestCheckpoint()
        var options = ModelImporter.Options()
        options.languageModel = checkpoint.scratch
        let error = #expect(throws: ImportError.self) {
            try ModelImporter(options: options, createdBy: "test")
                .run(CheckpointFolder.open(checkpoint.url), to: checkpoint.destination)
        }
        #expect(error?.description.contains("openvino_language_model.xml") ?? false)
        #expect(checkpoint.remains.isEmpty)
    }
}
