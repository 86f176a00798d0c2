import Foundation
import HiRED
import Testing

@testable import HiREDInference

/// Stop strings, log probabilities and penalties on the demo model's answers.
@Suite struct SamplingStreamTests {
    private static let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/demo")

    private func answer(
        _ model: VisionLanguageModel, tokens: Int = 64, _ change: (inout SamplingOptions) -> Void = { _ in }
    ) async throws -> GenerationResult {
        var selection = SelectionOptions()
        selection.budget = try TokenBudget(parsing: "20%")
        var sampling = SamplingOptions.greedy
        change(&sampling)
        let request = GenerationRequest(
            GenerationRequest.question("What does the image say?", imageCount: 1),
            images: [.file(Self.demo.appending(path: "samples/10-receipt.png"))], selection: selection,
            sampling: sampling, maximumTokens: tokens)
        var pieces = ""
        var result: GenerationResult?
        for try await event in model.generate(request) {
            if case .token(let token) = event { pieces += token.text }
            if case .finished(let finished) = event { result = finished }
        }
        let finished = try #require(result)
        #expect(pieces == finished.answer)
        return finished
    }

    @Test func stopStringsEndTheAnswerWhereverTheyLie() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        let whole = try await answer(model)
        #expect(whole.answer.count > 20)
        // The demo model's answers are ASCII: a character is a byte.
        let characters = Array(whole.answer)
        for start in stride(from: 0, to: characters.count - 6, by: 5) {
            let stop = String(characters[start..<(start + 5)])
            let cut = try await answer(model) { $0.stop = ["nowhere", stop] }
            let place = try #require(whole.answer.range(of: stop))
            #expect(cut.answer == whole.answer[..<place.lowerBound], "\(stop)")
            #expect(cut.finishReason == .stop)
            #expect(whole.tokens.starts(with: cut.tokens), "\(stop)")
            #expect(cut.tokens.count < whole.tokens.count, "\(stop)")
        }
    }

    @Test func whatOnlyBeginsLikeAStopStringIsGivenOut() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        let whole = try await answer(model)
        let stops = [String(whole.answer.suffix(3)) + "~", String(whole.answer.prefix(9)) + "~"]
        #expect(try await answer(model) { $0.stop = stops }.answer == whole.answer)
        // At the end of its tokens too, where the text that waits comes last.
        let short = try await answer(model, tokens: 5)
        let held = try await answer(model, tokens: 5) { $0.stop = [String(short.answer.suffix(2)) + "~"] }
        #expect(held.answer == short.answer)
        #expect(held.finishReason == .length)
    }

    @Test func everyTokenHasItsLogProbabilities() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        #expect(try await answer(model).logprobs == nil)
        let result = try await answer(model) { $0.logprobs = 3 }
        let logprobs = try #require(result.logprobs)
        #expect(logprobs.map(\.id) == result.tokens)
        for token in logprobs {
            #expect(token.top.count == 3)
            // Greedy draws the likeliest.
            #expect(token.top.first == TokenLogprobs.Alternative(id: token.id, logprob: token.logprob))
            #expect(zip(token.top, token.top.dropFirst()).allSatisfy { $0.logprob >= $1.logprob })
            #expect(token.top.reduce(0) { $0 + exp(Double($1.logprob)) } < 1 + 1e-6)
        }
        let stopped = try await answer(model) {
            $0.logprobs = 0
            $0.stop = [String(result.answer.dropFirst(4).prefix(4))]
        }
        #expect(stopped.logprobs?.map(\.id) == stopped.tokens)
        #expect(stopped.logprobs?.allSatisfy { $0.top.isEmpty } == true)
    }

    @Test func aSeedRepeatsAnAnswerAndPenaltiesChangeIt() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        func drawn(_ seed: UInt64) async throws -> [Int32] {
            try await answer(model) {
                $0.temperature = 1.5
                $0.minP = 0.02
                $0.repetitionPenalty = 1.1
                $0.seed = seed
            }.tokens
        }
        let first = try await drawn(1)
        #expect(try await drawn(1) == first)
        #expect(try await drawn(2) != first)
        let plain = try await answer(model).tokens
        #expect(try await answer(model) { $0.repetitionPenalty = 5 }.tokens != plain)
        #expect(try await answer(model) { $0.frequencyPenalty = 2 }.tokens != plain)
        #expect(try await answer(model) { $0.logprobs = 1 }.tokens == plain)
    }

    @Test func optionsAreChecked() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        await #expect(throws: InferenceError.self) { _ = try await answer(model) { $0.stop = [""] } }
    }
}
