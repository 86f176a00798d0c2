import Checkpoints
import ElementTypes
import Foundation
import HiRED
import ImageProcessing
import ModelGraphs
import ModelImport
import Testing
import Tokenization
import VisionEncoding

@testable import HiREDInference

/// InternVL's whole path in float32 against Transformers 4.57.6 on tiny random checkpoints.
@Suite struct InternVLTests {
    private func ask(
        _ model: VisionLanguageModel, _ test: InternVLFixture.Reference.Case, prompt: GenerationRequest.Prompt? = nil,
        selection: SelectionOptions = SelectionOptions()
    ) async throws -> GenerationResult {
        var request = GenerationRequest(
            prompt ?? GenerationRequest.question(test.question, imageCount: 1), images: [test.picture],
            selection: selection, maximumTokens: test.tokens.count)
        request.ignoresEndOfSequence = true
        var result: GenerationResult?
        for try await case .finished(let finished) in model.generate(request) { result = finished }
        return try #require(result)
    }

    @Test(arguments: InternVLFixture.names)
    func fullPathEqualsTransformers(_ name: String) async throws {
        let fixture = try InternVLFixture(name)
        let model = try InternVLFixture.load(fixture.checkpoint)
        for test in fixture.reference.cases {
            let count = try model.count(
                GenerationRequest(
                    GenerationRequest.question(test.question, imageCount: 1), images: [test.picture],
                    selection: SelectionOptions()))
            #expect(count.promptTokens == test.input_ids.count, "\(test.name)")
            #expect(count.images[0].full == test.image_tokens, "\(test.name)")
            let result = try await ask(model, test)
            #expect(result.images[0].full == test.image_tokens, "\(test.name)")
            #expect(result.promptTokens == test.input_ids.count, "\(test.name)")
            #expect(result.tokens == test.tokens, "\(test.name)")
            let raw = try await ask(model, test, prompt: .raw(test.prompt))
            #expect(raw.tokens == test.tokens, "\(test.name)")
            let embeddings = try await model.embeddings(of: test.picture, options: SelectionOptions())
            let reference = try fixture.array("\(test.name).image_embeddings")
            #expect(try relativeDifference(embeddings, reference) < 1e-4, "\(test.name)")
        }
    }

    /// The prompt's ids, marks around the picture included.
    @Test(arguments: InternVLFixture.names)
    func promptsEqualTransformers(_ name: String) throws {
        let fixture = try InternVLFixture(name)
        let description = try ModelDescription(contentsOf: fixture.checkpoint)
        let tokenizer = try Tokenizer(contentsOf: fixture.checkpoint.appending(path: "tokenizer.json"))
        #expect(tokenizer.unknownKeys.isEmpty)
        #expect(description.unknownKeys.isEmpty)
        let prompts = try PromptAssembler(description, manifest: nil, tokenizer: tokenizer)
        for test in fixture.reference.cases {
            let ids = try prompts.ids(
                of: GenerationRequest(
                    GenerationRequest.question(test.question, imageCount: 1), images: [test.picture],
                    selection: SelectionOptions()))
            let expanded = ids.flatMap {
                [Int32](repeating: $0, count: $0 == prompts.imageToken ? test.image_tokens : 1)
            }
            #expect(expanded == test.input_ids, "\(test.name)")
        }
    }

    @Test(arguments: InternVLFixture.names)
    func classAttentionEqualsTransformers(_ name: String) async throws {
        let fixture = try InternVLFixture(name)
        let model = try InternVLFixture.load(fixture.checkpoint)
        for test in fixture.reference.cases {
            let rows = try await model.classAttention(of: test.picture)
            let first = try fixture.array("\(test.name).cls_initial")
            let final = try fixture.array("\(test.name).cls_final")
            #expect(try relativeDifference(rows.first.flatMap { $0 }, first) < 1e-5, "\(test.name)")
            #expect(try relativeDifference(rows.final.flatMap { $0 }, final) < 1e-5, "\(test.name)")
        }
    }

    /// HiRED stated once more in NumPy (tools/parity/hired.py).
    @Test func droppingEqualsTheReference() async throws {
        var compared = 0
        for name in InternVLFixture.names {
            let fixture = try InternVLFixture(name)
            guard fixture.reference.cases.contains(where: { !$0.hired.isEmpty }) else { continue }
            let model = try InternVLFixture.load(fixture.checkpoint)
            for test in fixture.reference.cases {
                for expected in test.hired {
                    let place: Comment = "\(name) \(test.name) \(expected.percent) %"
                    var options = SelectionOptions()
                    options.budget = .percentage(try Percentage(numerator: expected.percent))
                    let tokens = try await model.select(test.picture, options: options).tokens
                    #expect(tokens.full == test.image_tokens, place)
                    #expect(tokens.kept == expected.budget, place)
                    #expect(tokens.selection.allocation.budgets == expected.budgets, place)
                    #expect(tokens.selection.kept == expected.kept, place)
                    for (score, reference) in zip(tokens.selection.allocation.scores, expected.scores) {
                        #expect(abs(score - reference) < 1e-5, place)
                    }
                    let embeddings = try await model.embeddings(of: test.picture, options: options)
                    let array = try fixture.array("\(test.name).hired-\(expected.percent).image_embeddings")
                    #expect(try relativeDifference(embeddings, array) < 1e-4, place)
                    let answer = try await ask(model, test, selection: options)
                    #expect(answer.tokens == expected.tokens, place)
                    compared += 1
                }
            }
        }
        #expect(compared >= 12)
    }

    /// Attention of a token is the sum over its patches, features and keys are theirs side by side.
    @Test(arguments: [false, true])
    func tapsEqualTransformers(isImported: Bool) throws {
        let fixture = try InternVLFixture("qwen2-rms")
        let scratch = try Scratch()
        let url = isImported ? try fixture.imported(to: scratch) : fixture.checkpoint
        let kinds = VisionTap.Kind.allCases.filter { $0 != .projected }
        let taps = kinds.flatMap { kind in (0..<2).map { VisionTap(kind, layer: .index($0)) } }
        let strategy = RecordingStrategy(Set(taps))
        _ = try ImagePipeline.exact(url).run(fixture.reference.cases[0].picture, strategy)
        for tap in taps {
            guard case .index(let layer) = tap.layer else { continue }
            let expected = try fixture.array("taps.\(tap.kind.rawValue).\(layer)")
            #expect(try relativeDifference(try strategy.values(of: tap), expected) < 1e-5, "\(tap)")
        }
    }

    @Test(arguments: InternVLFixture.names.filter { $0 != "qwen2-f32" })
    func importedCheckpointsEqualTransformers(_ name: String) async throws {
        let fixture = try InternVLFixture(name)
        let scratch = try Scratch()
        let model = try InternVLFixture.load(try fixture.imported(to: scratch))
        for test in fixture.reference.cases {
            let result = try await ask(model, test)
            #expect(result.promptTokens == test.input_ids.count, "\(test.name)")
            #expect(result.tokens == test.tokens, "\(test.name)")
        }
    }

    /// Quantised weights stand where they should: projections stay near, counts are exact, every strategy answers.
    @Test(arguments: [WeightFormat.int8, .int4])
    func quantisedFoldersAnswer(_ weights: WeightFormat) async throws {
        let fixture = try InternVLFixture("qwen2-layer")
        let scratch = try Scratch()
        let model = try InternVLFixture.load(try fixture.imported(weights: weights, vision: .int8, to: scratch))
        for test in fixture.reference.cases {
            let embeddings = try await model.embeddings(of: test.picture, options: SelectionOptions())
            let reference = try fixture.array("\(test.name).image_embeddings")
            #expect(try relativeDifference(embeddings, reference) < 0.1, "\(test.name)")
            for strategy in StrategyName.allCases {
                var options = SelectionOptions()
                options.strategy = strategy
                if strategy.takesBudget, strategy != .full { options.budget = .tokens(test.image_tokens / 3) }
                let result = try await ask(model, test, selection: options)
                #expect(result.tokens.count == test.tokens.count, "\(strategy) \(test.name)")
                if strategy.obeysBudget { #expect(result.images[0].kept == test.image_tokens / 3, "\(strategy)") }
            }
        }
    }

    @Test func whatItHasNoUseForIsRefusedBeforehand() async throws {
        let fixture = try InternVLFixture("qwen2-layer")
        let model = try InternVLFixture.load(fixture.checkpoint)
        for test in fixture.reference.cases {
            var options = SelectionOptions()
            options.budget = .tokens(5)
            options.keepsSeparators = true
            let request = GenerationRequest(.raw(test.prompt), images: [test.picture], selection: options)
            #expect(throws: HiREDError.noSeparators) { try model.count(request) }
            await #expect(throws: HiREDError.noSeparators) { try await ask(model, test, selection: options) }
            options.keepsSeparators = false
            options.allocation = .releasedCode
            await #expect(throws: HiREDError.self) { try await ask(model, test, selection: options) }
        }
    }

    /// A picture's place that somebody writes is named for what it is, in either spelling.
    @Test(arguments: ["<image>", "<IMG_CONTEXT>"])
    func placesInTextAreRefused(_ place: String) throws {
        let fixture = try InternVLFixture("qwen2-layer")
        let model = try InternVLFixture.load(fixture.checkpoint)
        let request = GenerationRequest(
            GenerationRequest.question("What is \(place)?", imageCount: 1),
            images: [fixture.reference.cases[0].picture],
            selection: SelectionOptions())
        let error = #expect(throws: InferenceError.self) { try model.count(request) }
        guard case .imagePlaceInText = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
