import Failures
import Foundation
import Testing

@testable import Checkpoints

@Suite("Checkpoint folders")
struct CheckpointFolderTests {
    private static let config = """
        {"model_type": "llava_next", "image_grid_pinpoints": [[64, 128], [128, 64]], "eos_token_id": 7,
         "vision_config": {"image_size": 64, "patch_size": 16}, "text_config": {"eos_token_id": 5}}
        """
    private static let preprocessor = """
        {"image_processor_type": "LlavaNextImageProcessorFast", "size": {"shortest_edge": 64},
         "crop_size": {"height": 64, "width": 64}, "image_grid_pinpoints": [[64, 128]]}
        """

    private func folder(_ files: [String: String], weights: Bool = true) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(text, to: name) }
        if weights { try folder.write(SafetensorsWriter.file(["w": [1, 2]]), to: "model.safetensors") }
        return folder
    }

    @Test func wholeFolder() throws {
        let folder = try folder([
            "config.json": Self.config, "preprocessor_config.json": Self.preprocessor,
            "generation_config.json":
                #"{"eos_token_id": [8, 9], "temperature": 0.2, "top_k": null, "do_sample": true}"#,
            "chat_template.jinja": "hello",
        ])
        let opened = try CheckpointFolder.open(folder.url)
        #expect(opened.config.vision.imageSize == 64)
        #expect(opened.preprocessor.isFast)
        #expect(opened.preprocessor.pinpoints == [Pinpoint(height: 64, width: 128)])
        #expect(opened.generation.endTokenIDs == [8, 9])
        #expect(opened.generation.temperature == 0.2)
        #expect(opened.generation.topK == nil)
        #expect(opened.generation.samples)
        #expect(opened.generation.maximumLength == 20)
        #expect(opened.chatTemplate?.text == "hello")
        #expect(opened.notes.isEmpty)
        #expect(opened.missingFiles == ["tokenizer.json", "tokenizer_config.json", "tokenizer.model"])
        #expect(try opened.mappedWeights().tensors.keys.sorted() == ["w"])
    }

    @Test func assumptionsAreNoted() throws {
        let folder = try folder(["config.json": Self.config])
        let opened = try CheckpointFolder.open(folder.url)
        #expect(opened.notes.count == 2)
        #expect(opened.notes[0].contains("preprocessor_config.json is missing"))
        #expect(opened.notes[1].contains("generation_config.json is missing"))
        #expect(opened.preprocessor.size == .shortestEdge(64))
        #expect(opened.preprocessor.pinpoints == opened.config.pinpoints)
        #expect(opened.generation.endTokenIDs == [7])
        #expect(opened.missingFiles.contains("preprocessor_config.json"))
    }

    @Test func imageProcessorInsideProcessorConfig() throws {
        let folder = try folder([
            "config.json": Self.config, "processor_config.json": "{\"image_processor\": \(Self.preprocessor)}",
        ])
        let opened = try CheckpointFolder.open(folder.url)
        #expect(opened.preprocessor.pinpoints == [Pinpoint(height: 64, width: 128)])
    }

    @Test func missingThingsAreNamedWithARemedy() throws {
        let nowhere = FileManager.default.temporaryDirectory.appendingPathComponent("no-\(UUID().uuidString)")
        func error(_ url: URL) -> CheckpointError? {
            #expect(throws: CheckpointError.self) { try CheckpointFolder.open(url) }
        }
        #expect(error(nowhere)?.problem == "there is no such folder")
        let file = try folder(["config.json": Self.config], weights: false)
        #expect(error(file.url.appendingPathComponent("config.json"))?.problem == "is a file")
        let bare = try folder([:])
        #expect(error(bare.url)?.problem == "the folder has no config.json")
        #expect(error(file.url)?.problem == "the folder has no weights")
        try file.write("", to: "model-00001-of-00002.safetensors")
        #expect(error(file.url)?.remedy == .advice("download model.safetensors.index.json"))
    }

    @Test(arguments: [
        ("\"crop_size\": 48", "pictures become 48×48"),
        ("\"crop_size\": {\"height\": 64, \"width\": 32}", "pictures become 64×32"),
        ("\"do_center_crop\": false, \"size\": 32", "pictures become 32×32"),
        ("\"image_grid_pinpoints\": [[64, 100]]", "canvas size 64×100"),
    ])
    func filesThatDisagree(change: String, says: String) throws {
        let key = change.split(separator: ":")[0]
        let rest = ["\"crop_size\": 64", "\"image_grid_pinpoints\": [[64, 64]]"].filter { !$0.hasPrefix(key) }
        let folder = try folder([
            "config.json": Self.config,
            "preprocessor_config.json": "{\(([change] + rest).joined(separator: ", "))}",
        ])
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(error?.file == "preprocessor_config.json")
        #expect(error?.problem.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("preprocessor_config.json", #"{"image_processor_type": "SiglipImageProcessor"}"#, "SiglipImageProcessor"),
        ("preprocessor_config.json", #"{"image_mean": [1, 2]}"#, "image_mean"),
        ("preprocessor_config.json", #"{"image_std": [1, 2, 0]}"#, "image_std"),
        ("preprocessor_config.json", #"{"resample": 9}"#, "resample"),
        ("generation_config.json", #"{"temperature": -1}"#, "temperature"),
        ("generation_config.json", #"{"top_p": 1.5}"#, "top_p"),
        ("generation_config.json", #"{"eos_token_id": "</s>"}"#, "eos_token_id"),
        ("generation_config.json", "[]", "no JSON object"),
        ("chat_template.json", "{}", "no chat_template"),
        ("tokenizer_config.json", #"{"chat_template": 3}"#, "chat_template"),
    ])
    func wrongSideFiles(name: String, text: String, says: String) throws {
        let folder = try folder(["config.json": Self.config, name: text])
        let error = #expect(throws: CheckpointError.self) { try CheckpointFolder.open(folder.url) }
        #expect(error?.file == name)
        #expect(error?.problem.contains(says) == true, "\(error?.description ?? "")")
    }
}

@Suite("Where a chat template is found")
struct ChatTemplateSourceTests {
    private static let all = [
        ("chat_template.json", #"{"chat_template": "legacy"}"#, "legacy"), ("chat_template.jinja", "jinja", "jinja"),
        ("processor_config.json", #"{"chat_template": "processor"}"#, "processor"),
        ("tokenizer_config.json", #"{"chat_template": "tokenizer"}"#, "tokenizer"),
    ]

    /// Files are taken away in the order in which Transformers prefers them.
    @Test func precedence() throws {
        let folder = try TemporaryFolder()
        for (name, text, _) in Self.all { try folder.write(text, to: name) }
        for (name, _, expected) in Self.all {
            let found = try ChatTemplateSource.find(in: folder.url)
            #expect(found == ChatTemplateSource(text: expected, file: name, named: [:]))
            try FileManager.default.removeItem(at: folder.url.appendingPathComponent(name))
        }
        #expect(try ChatTemplateSource.find(in: folder.url) == nil)
    }

    @Test func namedTemplates() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            #"{"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}"#,
            to: "tokenizer_config.json")
        #expect(
            try ChatTemplateSource.find(in: folder.url)
                == ChatTemplateSource(text: "d", file: "tokenizer_config.json", named: ["tool_use": "t"]))
        let extras = folder.url.appendingPathComponent("chat_templates")
        try FileManager.default.createDirectory(at: extras, withIntermediateDirectories: false)
        try folder.write("rag", to: "chat_templates/rag.jinja")
        #expect(throws: CheckpointError.self) { try ChatTemplateSource.find(in: folder.url) }
        try folder.write("main", to: "chat_template.jinja")
        #expect(
            try ChatTemplateSource.find(in: folder.url)
                == ChatTemplateSource(text: "main", file: "chat_template.jinja", named: ["rag": "rag"]))
        try folder.write(#"{"chat_template": "legacy"}"#, to: "chat_template.json")
        #expect(throws: CheckpointError.self) { try ChatTemplateSource.find(in: folder.url) }
    }
}
