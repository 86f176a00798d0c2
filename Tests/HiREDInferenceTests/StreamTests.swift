import Foundation
import HiRED
import ImageProcessing
import Testing

@testable import HiREDInference

/// The stream of events on the demo model.
@Suite struct StreamTests {
    private static let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/demo")

    private func request(_ tokens: Int = 120) throws -> GenerationRequest {
        var options = SelectionOptions()
        options.budget = try TokenBudget(parsing: "20%")
        return GenerationRequest(
            GenerationRequest.question("What does the image say?", imageCount: 1),
            images: [.file(Self.demo.appending(path: "samples/10-receipt.png"))], selection: options,
            maximumTokens: tokens)
    }

    @Test func textArrivesInPiecesThatMakeTheAnswer() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        var (pieces, views, result): ([String], Int, GenerationResult?) = ([], 0, nil)
        for try await event in model.generate(try request()) {
            switch event {
            case .encoding: views += 1
            case .token(let token): pieces.append(token.text)
            case .finished(let finished): result = finished
            default: break
            }
        }
        let finished = try #require(result)
        #expect(pieces.count > 3)
        #expect(pieces.joined() == finished.answer)
        #expect(finished.finishReason == .stop)
        #expect(views == finished.images[0].layout.partitionCount)
        #expect(finished.timings.timeToFirstToken > 0)
        #expect(finished.cacheBytes > 0)
    }

    @Test func lengthEndsAnAnswer() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        let result = try await model.result(try request(2))
        #expect(result.finishReason == .length)
        #expect(result.tokens.count == 2)
    }

    @Test func aCancelledRequestEndsAndTheNextOneRuns() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        var endless = try request(3000)
        endless.ignoresEndOfSequence = true
        var pieces = 0
        for try await case .token in model.generate(endless) {
            pieces += 1
            if pieces == 3 { break }
        }
        #expect(pieces == 3)
        // Only possible when the endless request has let go of the model: 3,000 tokens take far longer than this test.
        #expect(try await !model.result(try request()).answer.isEmpty)
    }

    @Test func tilesWithoutBudgetAreNotEncoded() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        var single = try request()
        single.selection.budget = .tokens(10)
        single.selection.alpha = 1
        var views = 0
        for try await case .encoding in model.generate(single) { views += 1 }
        #expect(views == 1)
    }

    @Test func promptsAreChecked() async throws {
        let model = try VisionLanguageModel(contentsOf: Self.demo)
        func expect(_ error: InferenceError, _ prompt: GenerationRequest.Prompt) async throws {
            var wrong = try request()
            wrong.prompt = prompt
            await #expect(throws: error) { for try await _ in model.generate(wrong) {} }
        }
        try await expect(.emptyPrompt, .raw("<image>"))
        try await expect(.imageCountMismatch(places: 2, images: 1), .raw("<image><image> a"))
        try await expect(.imagePlaceInText, GenerationRequest.question("What is <image> this?", imageCount: 1))
        try await expect(.imageCountMismatch(places: 0, images: 1), .raw("a"))
    }
}
