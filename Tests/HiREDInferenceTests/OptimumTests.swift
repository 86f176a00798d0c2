// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Checkpoints
import ElementTypes
import Foundation
import HiRED
import ModelGraphs
import ModelImport
import Testing

@testable import HiREDInference

/// A language model that optimum-intel exported (tools/parity/optimum_export.py) in the place of ours.
@Suite struct OptimumTests {
    private struct Reference: Decodable {
        struct Case: Decodable {
            var image: String
            var prompt: String
            var prompt_tokens: Int
            var tokens: [Int32]
        }
        var checkpoint: String
        var text_layers: Int
        var cases: [Case]
    }

    private let scratch: Scratch
    private let export: URL
    private let images: URL
    private let checkpoint: URL
    private let reference: Reference

    init() throws {
        export = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/optimum")
        reference = try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: export.appending(path: "reference.json")))
        let source = try ParityFixture(reference.checkpoint)
        images = source.images
        scratch = try Scratch()
        checkpoint = scratch.url.appending(path: "checkpoint")
        try FileManager.default.copyItem(at: source.checkpoint, to: checkpoint)
        try setTextLayers(reference.text_layers)
    }

    private func setTextLayers(_ count: Int) throws {
        let file = checkpoint.appending(path: "config.json")
        var config = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        var text = try #require(config["text_config"] as? [String: Any])
        text["num_hidden_layers"] = count
        config["text_config"] = text
        try JSONSerialization.data(withJSONObject: config).write(to: file)
    }

    private func importModel() throws -> URL {
        var options = ModelImporter.Options()
        options.languageModel = export
        let destination = scratch.url.appending(path: UUID().uuidString)
        try ModelImporter(options: options, createdBy: "test")
            .run(CheckpointFolder.open(checkpoint), to: destination)
        return destination
    }

    private func answer(_ test: Reference.Case, _ model: VisionLanguageModel) async throws -> GenerationResult {
        var request = GenerationRequest(
            .raw(test.prompt), images: [.file(images.appending(path: test.image))], selection: SelectionOptions(),
            maximumTokens: test.tokens.count)
        request.ignoresEndOfSequence = true
        var result: GenerationResult?
        for try await case .finished(let finished) in model.generate(request) { result = finished }
        return try #require(result)
    }

    @Test func anExportEqualsTransformers() async throws {
        let url = try importModel()
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        let model = try VisionLanguageModel(contentsOf: url, options: options)
        #expect(reference.cases.count >= 3)
        for test in reference.cases {
            let result = try await answer(test, model)
            #expect(result.promptTokens == test.prompt_tokens, "\(test.image)")
            #expect(result.tokens == test.tokens, "\(test.image)")
        }
        #expect(model.manifest?.weights == "openvino")
    }

    /// The export asks the runtime for a cache of its own choice.
    @Test func anExportRunsInTheRuntimesArithmetic() async throws {
        let model = try VisionLanguageModel(contentsOf: importModel())
        let test = try #require(reference.cases.first)
        #expect(try await answer(test, model).tokens.count == test.tokens.count)
    }

    @Test func filesAreCopiedAsTheyAre() throws {
        let url = try importModel()
        for part in [GraphPart.languageModel, .textEmbeddings] {
            for name in [part.xmlName, part.binName] {
                let (found, given) = (url.appending(path: name), export.appending(path: name))
                #expect(try Data(contentsOf: found) == Data(contentsOf: given), "\(name)")
            }
        }
    }

    @Test func anExportOfAnotherModelIsRefused() throws {
        try setTextLayers(2)
        let layers = #expect(throws: ImportError.self) { try importModel() }
        #expect(layers?.description.contains("1 layers of attention, the checkpoint 2") ?? false)
    }

    @Test func anExportOfAnotherWidthIsRefused() throws {
        let other = try ParityFixture("next-gqa")
        var options = ModelImporter.Options()
        options.languageModel = export
        let error = #expect(throws: ImportError.self) {
            try ModelImporter(options: options, createdBy: "test")
                .run(CheckpointFolder.open(other.checkpoint), to: scratch.url.appending(path: "model"))
        }
        #expect(error?.description.contains("inputs_embeds is 48 wide, the checkpoint's 64") ?? false)
    }
}
