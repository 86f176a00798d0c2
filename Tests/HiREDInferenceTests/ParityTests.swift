import ElementTypes
import Foundation
import HiRED
import Testing

@testable import HiREDInference

/// The whole path in float32 against Transformers 4.57.6 on tiny random checkpoints.
@Suite struct ParityTests {
    private func load(_ fixture: ParityFixture) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        return try VisionLanguageModel(contentsOf: fixture.checkpoint, options: options)
    }

    private func generate(
        _ model: VisionLanguageModel, _ fixture: ParityFixture, _ test: ParityFixture.Reference.Case,
        selection: SelectionOptions
    ) async throws -> GenerationResult {
        var request = GenerationRequest(
            .raw(test.prompt), images: test.images.map { .file(fixture.images.appending(path: $0)) },
            selection: selection,
            maximumTokens: test.tokens.count)
        request.ignoresEndOfSequence = true
        var result: GenerationResult?
        for try await case .finished(let finished) in model.generate(request) { result = finished }
        return try #require(result)
    }

    @Test(arguments: ParityFixture.names)
    func fullPathEqualsTransformers(_ name: String) async throws {
        let fixture = try ParityFixture(name)
        let model = try load(fixture)
        for test in fixture.reference.cases {
            let result = try await generate(model, fixture, test, selection: SelectionOptions())
            #expect(result.images.reduce(0) { $0 + $1.full } == test.image_tokens, "\(test.name)")
            #expect(result.promptTokens == test.input_ids.count, "\(test.name)")
            #expect(result.tokens == test.tokens, "\(test.name)")

            var embeddings: [Float] = []
            for image in test.images {
                embeddings += try await model.embeddings(
                    of: .file(fixture.images.appending(path: image)), options: SelectionOptions())
            }
            let reference = try fixture.array("\(test.name).image_embeddings")
            #expect(try relativeDifference(embeddings, reference) < 1e-4, "\(test.name)")
        }
    }

    @Test(arguments: ParityFixture.names)
    func classAttentionEqualsTransformers(_ name: String) async throws {
        let fixture = try ParityFixture(name)
        let model = try load(fixture)
        for test in fixture.reference.cases where test.images.count == 1 {
            let rows = try await model.classAttention(of: .file(fixture.images.appending(path: test.images[0])))
            let first = try fixture.array("\(test.name).cls_initial")
            let final = try fixture.array("\(test.name).cls_final")
            #expect(try relativeDifference(rows.first.flatMap { $0 }, first) < 1e-5, "\(test.name)")
            #expect(try relativeDifference(rows.final.flatMap { $0 }, final) < 1e-5, "\(test.name)")
        }
    }

    @Test(arguments: ["next-mha", "next-gqa"])
    func droppingEqualsTheReference(_ name: String) async throws {
        let fixture = try ParityFixture(name)
        let model = try load(fixture)
        var compared = 0
        for test in fixture.reference.cases where test.images.count == 1 {
            for expected in test.hired ?? [] {
                var options = SelectionOptions()
                options.budget = .percentage(try Percentage(numerator: expected.percent))
                let image = ImageInput.file(fixture.images.appending(path: test.images[0]))
                let selection = try await model.select(image, options: options).tokens.selection
                #expect(selection.allocation.budget == expected.budget, "\(test.name)")
                #expect(selection.allocation.budgets == expected.budgets, "\(test.name)")
                #expect(selection.kept == expected.kept, "\(test.name)")
                for (score, reference) in zip(selection.allocation.scores, expected.scores) {
                    #expect(abs(score - reference) < 1e-5, "\(test.name)")
                }
                let array = "\(test.name).hired-\(expected.percent).image_embeddings"
                let embeddings = try await model.embeddings(of: image, options: options)
                #expect(try relativeDifference(embeddings, try fixture.array(array)) < 1e-4, "\(test.name)")
                let result = try await generate(model, fixture, test, selection: options)
                #expect(result.tokens == expected.tokens, "\(test.name)")
                compared += 1
            }
        }
        #expect(compared >= 6)
    }
}
