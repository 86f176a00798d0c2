import Checkpoints
import Crypto
import ElementTypes
import Foundation
import ModelGraphs
import Testing

@testable import ModelImport

@Suite struct LanguageModelExporterTests {
    private struct Stop: Error {}

    private func export(
        _ checkpoint: TestCheckpoint, progress: (ModelImporter.Progress) throws -> Void = { _ in }
    ) throws -> LanguageModelExporter.Summary {
        try LanguageModelExporter(CheckpointFolder.open(checkpoint.url)).run(
            to: checkpoint.destination, progress: progress)
    }

    private func object(_ name: String, of checkpoint: TestCheckpoint) throws -> [String: Any] {
        let data = try Data(contentsOf: checkpoint.destination.appending(path: name))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// LLaMA, Mistral, Qwen2, tied or not, in one file or several, of both layouts, in safetensors and in PyTorch's format.
    @Test(
        arguments: [
            ("parity/next-mha", "LlamaForCausalLM"), ("parity/next-gqa", "LlamaForCausalLM"),
            ("parity/next-bf16", "LlamaForCausalLM"), ("parity/next-sharded-modules", "LlamaForCausalLM"),
            ("parity/next-mistral", "MistralForCausalLM"), ("parity/next-qwen2", "Qwen2ForCausalLM"),
            ("layouts/original-next", nil), ("layouts/original-share4v", nil),
        ] as [(String, String?)])
    func everyTensorIsTheSameUnderAnotherName(_ path: String, _ architecture: String?) throws {
        let checkpoint = try TestCheckpoint(path + "/checkpoint")
        let source = try CheckpointFolder.open(checkpoint.url)
        let summary = try export(checkpoint)
        let archive = try SafetensorsArchive(folder: checkpoint.destination)
        #expect(Set(archive.tensors.keys) == Set(summary.tensors.map(\.name)))
        for tensor in summary.tensors {
            let (old, new) = (try source.weights.tensor(tensor.source), try archive.tensor(tensor.name))
            let bytes = try archive.bytes(of: new)
            #expect(bytes == (try source.weights.bytes(of: old)), "\(tensor.name)")
            #expect(new.shape == old.shape && new.elementType == old.elementType)
            #expect(SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined() == tensor.sha256)
        }
        let text = source.config.text
        let names = Set(archive.tensors.keys)
        #expect(names.isSuperset(of: ["model.embed_tokens.weight", "model.norm.weight"]))
        for layer in 0..<text.layerCount {
            for name in ["self_attn.q_proj", "self_attn.o_proj", "mlp.down_proj", "input_layernorm"] {
                #expect(names.contains("model.layers.\(layer).\(name).weight"))
            }
        }
        #expect(!names.contains { $0.contains("vision") || $0.contains("projector") || $0.contains("newline") })
        #expect(summary.bytesWritten == archive.tensors.values.reduce(0) { $0 + $1.byteCount })

        let config = try object("config.json", of: checkpoint)
        if let architecture { #expect(config["architectures"] as? [String] == [architecture]) }
        #expect(config["model_type"] as? String == text.family.rawValue)
        #expect(config["hidden_size"] as? Int == text.hiddenSize && config["vocab_size"] as? Int == text.vocabularySize)
        #expect(config["tie_word_embeddings"] as? Bool == !names.contains("lm_head.weight"))
        #expect(config["num_key_value_heads"] as? Int == text.keyValueHeadCount)
        #expect(config["text_config"] == nil && config["vision_config"] == nil)
        #expect(config["torch_dtype"] as? String == (path.hasSuffix("bf16") ? "bfloat16" : "float16"))
        // Nothing that changes how tokens are drawn.
        #expect(Set(try object("generation_config.json", of: checkpoint).keys) == ["bos_token_id", "eos_token_id"])
        for file in summary.files {
            let data = try Data(contentsOf: checkpoint.destination.appending(path: file.name))
            #expect(SHA256.hash(data: data).map { String(format: "%02x", $0) }.joined() == file.sha256, "\(file.name)")
        }
        #expect(Set(summary.files.map(\.name)) == Set(try TestCheckpoint.files(checkpoint.destination).keys))
        #expect(summary.files.contains { $0.name == "tokenizer.json" })
        #expect(summary.files.contains { $0.name == "tokenizer_config.json" })
    }

    @Test func anInterruptedExportLeavesNothing() throws {
        let checkpoint = try TestCheckpoint()
        var reports = 0
        _ = try LanguageModelExporter(CheckpointFolder.open(checkpoint.url)).run(
            to: checkpoint.scratch.appending(path: "whole")
        ) { progress in
            reports += 1
            #expect(progress.done <= progress.total)
        }
        for moment in [1, reports] {
            var count = 0
            #expect(throws: Stop.self) {
                try export(checkpoint) { _ in
                    count += 1
                    if count == moment { throw Stop() }
                }
            }
            #expect(checkpoint.remains.isEmpty)
        }
        try FileManager.default.createDirectory(
            at: checkpoint.destination.appending(path: "full"), withIntermediateDirectories: true)
        #expect(throws: ImportError.destinationExists(path: checkpoint.destination.path)) { try export(checkpoint) }
    }
}

@Suite struct VisionOnlyImportTests {
    /// Everything but the language model, and the table of tokens as the checkpoint has it.
    @Test(arguments: ["parity/next-mha/checkpoint", "parity/next-bf16/checkpoint", "layouts/original-next/checkpoint"])
    func theLanguageModelStaysOut(_ path: String) throws {
        let checkpoint = try TestCheckpoint(path)
        var options = ModelImporter.Options()
        options.visionOnly = true
        let summary = try ModelImporter(options: options, createdBy: "test")
            .run(CheckpointFolder.open(checkpoint.url), to: checkpoint.destination)
        #expect(summary.manifest.weights == "none")
        #expect(Set(summary.manifest.graphs.map(\.part)) == [.vision, .projector, .textEmbeddings])
        let table = try #require(summary.manifest.tensors.first { $0.part == .textEmbeddings })
        #expect(table.type == table.sourceType)
        let names = try TestCheckpoint.files(checkpoint.destination).keys
        #expect(!names.contains(GraphPart.languageModel.binName) && names.contains("tokenizer.json"))
        #expect(try ModelManifest(folder: checkpoint.destination) == summary.manifest)
    }
}
