import Checkpoints
import ElementTypes
import Foundation
import HiRED
import ModelGraphs
import ModelImport
import Testing
import Tokenization

@testable import HiREDInference

/// Imported folders against the checkpoints they came from, and against Transformers.
@Suite struct ImportTests {
    private func importModel(
        _ checkpoint: URL, tower: URL? = nil, weights: WeightFormat = .f16, to scratch: Scratch
    ) throws -> URL {
        var options = ModelImporter.Options()
        options.weights = weights
        let destination = scratch.url.appending(path: UUID().uuidString)
        let folder = try CheckpointFolder.open(checkpoint, visionTower: tower)
        try ModelImporter(options: options, createdBy: "test").run(folder, to: destination)
        return destination
    }

    private func load(_ url: URL) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        return try VisionLanguageModel(contentsOf: url, options: options)
    }

    private func finish(_ model: VisionLanguageModel, _ request: GenerationRequest) async throws -> GenerationResult {
        var request = request
        request.ignoresEndOfSequence = true
        var result: GenerationResult?
        for try await case .finished(let finished) in model.generate(request) { result = finished }
        return try #require(result)
    }

    /// llava-hf folders with old and new tensor names, one file and shards, f16 and bf16.
    @Test(arguments: ParityFixture.names.filter { $0 != "next-f32" })
    func importedCheckpointsEqualTransformers(_ name: String) async throws {
        let fixture = try ParityFixture(name)
        let scratch = try Scratch()
        let model = try load(try importModel(fixture.checkpoint, to: scratch))
        for test in fixture.reference.cases {
            let result = try await finish(
                model,
                GenerationRequest(
                    .raw(test.prompt), images: test.images.map { .file(fixture.images.appending(path: $0)) },
                    selection: SelectionOptions(), maximumTokens: test.tokens.count))
            #expect(result.promptTokens == test.input_ids.count, "\(test.name)")
            #expect(result.tokens == test.tokens, "\(test.name)")
        }
    }

    /// The original layout, with its own prompt rules: `.bin` files, SentencePiece alone, a tower inside or apart.
    @Test(arguments: ["original-next", "original-share4v"])
    func originalLayoutsEqualTransformers(_ name: String) async throws {
        let fixture = try LayoutFixture(name)
        let scratch = try Scratch()
        let model = try load(try importModel(fixture.checkpoint, tower: fixture.tower, to: scratch))
        for test in fixture.reference.cases {
            let result = try await finish(
                model,
                GenerationRequest(
                    GenerationRequest.question(test.question, imageCount: 1),
                    images: [.file(fixture.root.appending(path: test.image))],
                    selection: SelectionOptions(), maximumTokens: test.tokens.count))
            #expect(result.images.map(\.full) == [test.image_tokens], "\(test.image)")
            #expect(
                result.promptTokens == test.ids_before.count + test.image_tokens + test.ids_after.count, "\(test.image)"
            )
            #expect(result.tokens == test.tokens, "\(test.image)")
        }
    }

    @Test func containersGiveTheSameFolder() throws {
        let fixture = try LayoutFixture("original-next")
        let scratch = try Scratch()
        let other = scratch.url.appending(path: "safetensors")
        try FileManager.default.copyItem(at: fixture.checkpoint, to: other)
        for name in try FileManager.default.contentsOfDirectory(atPath: other.path) where name.contains(".bin") {
            try FileManager.default.removeItem(at: other.appending(path: name))
        }
        try FileManager.default.copyItem(
            at: fixture.home.appending(path: "model.safetensors"), to: other.appending(path: "model.safetensors"))
        for format in WeightFormat.allCases {
            let folders = try [fixture.checkpoint, other].map { try importModel($0, weights: format, to: scratch) }
            let names = try folders.map { try FileManager.default.contentsOfDirectory(atPath: $0.path).sorted() }
            #expect(names[0] == names[1])
            #expect(names[0].count > 10)
            for name in names[0] {
                let contents = try folders.map { try Data(contentsOf: $0.appending(path: name)) }
                #expect(contents[0] == contents[1], "\(format): \(name)")
            }
        }
    }

    @Test func theManifestLeadsToTheWeights() throws {
        let fixture = try ParityFixture("next-mha")
        let scratch = try Scratch()
        let url = try importModel(fixture.checkpoint, weights: .int4, to: scratch)
        let manifest = try ModelManifest(folder: url)
        let source = try CheckpointFolder.open(fixture.checkpoint)
        let types = Set(manifest.tensors.filter { $0.part == .languageModel && $0.shape.count == 2 }.map(\.type))
        // 48 columns are divided by no group size: those stay at 8 bits.
        #expect(types == ["i4", "i8"])
        for tensor in manifest.tensors where tensor.type == "f16" {
            let file = try Data(contentsOf: url.appending(path: tensor.part.binName))
            let bytes = try source.weights.bytes(of: source.weights.tensor(tensor.name))
            #expect(file[tensor.offset..<tensor.offset + tensor.byteCount].elementsEqual(bytes), "\(tensor.name)")
        }
    }

    @Test func foldersCutShortAreRefused() throws {
        let fixture = try ParityFixture("next-mha")
        let scratch = try Scratch()
        let url = try importModel(fixture.checkpoint, to: scratch)
        let bin = url.appending(path: GraphPart.languageModel.binName)
        try Data(contentsOf: bin).dropLast(1).write(to: bin)
        let error = #expect(throws: CheckpointError.self) { try load(url) }
        #expect(error?.description.contains("import the checkpoint again") ?? false)
        try Data("{}".utf8).write(to: url.appending(path: ModelManifest.fileName))
        #expect(throws: GraphError.self) { try load(url) }
    }
}

/// A folder that goes away with the object.
final class Scratch: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}
