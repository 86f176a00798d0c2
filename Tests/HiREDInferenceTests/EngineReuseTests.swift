import Foundation
import HiRED
import Testing
import Tokenization

@testable import HiREDInference

/// What later requests take from earlier ones, and what they must not.
@Suite struct EngineReuseTests {
    @Test func aSecondQuestionAboutAPictureStartsWhereTheFirstDid() async throws {
        let model = try EngineFixture.model()
        let second = try EngineFixture.request(budget: "full")
        let expected = try await model.aloneAnswer(second)
        let whatWasThere = model.statistics()
        #expect((whatWasThere.cachedBlocks, whatWasThere.imageCacheBytes) == (0, 0))

        _ = try await model.result(try EngineFixture.request([10], "How much is the TEA?", budget: "full"))
        var views = 0
        var result: GenerationResult?
        for try await event in model.generate(second) {
            if case .encoding = event { views += 1 }
            if case .finished(let finished) = event { result = finished }
        }
        let found = try #require(result)
        #expect(views == 0)
        // All of the picture but the block in which it ends.
        #expect(found.reusedTokens > found.images[0].kept - 32)
        #expect(found.reusedTokens < found.promptTokens)
        #expect(Answer(found) == expected)
        let statistics = model.statistics()
        #expect(statistics.prefixHitTokens == found.reusedTokens)
        #expect(statistics.imageCacheBytes == 4 * 256 * found.images[0].kept)

        // The very same request: everything but the last token's logits is there.
        let again = try await model.result(second)
        #expect(Answer(again) == expected)
        #expect(again.reusedTokens >= found.reusedTokens)

        // A new start forgets.
        try await model.clearCaches()
        let fresh = try await model.result(second)
        #expect(fresh.reusedTokens == 0)
        #expect(Answer(fresh) == expected)
        try await model.expectNothingLeft()
    }

    @Test func whateverChangesAPicturesTokensSharesNoneOfItsBlocks() async throws {
        let model = try EngineFixture.model()
        let base = try EngineFixture.request(tokens: 4)
        _ = try await model.result(base)
        // The prompt's text before the picture is shorter than a block: nothing at all is shared.
        var others: [GenerationRequest] = []
        func add(_ change: (inout GenerationRequest) throws -> Void) rethrows {
            var other = base
            try change(&other)
            others.append(other)
        }
        try add { $0.selection.budget = try TokenBudget(parsing: "21%") }
        add { $0.selection.budget = .full }
        add { $0.selection.alpha = 0.4 }
        add { $0.selection.strategy = .uniform }
        add { $0.selection.strategy = .random }
        add {
            $0.selection.strategy = .random
            $0.selection.seed = 1
        }
        add { $0.selection.allocation = .even }
        add { $0.selection.keepsSeparators = true }
        add { $0.selection.positions = .original }
        add { $0.images = [EngineFixture.picture(9)] }
        for other in others {
            let expected = try await EngineReuseTests.fresh(other)
            let found = try await model.result(other)
            #expect(found.reusedTokens == 0, "\(other.selection)")
            #expect(Answer(found) == expected, "\(other.selection)")
        }
        #expect(model.statistics().prefixHitTokens == 0)
        #expect(try await model.result(base).reusedTokens > 0)
    }

    private static func fresh(_ request: GenerationRequest) async throws -> Answer {
        try await EngineFixture.model().aloneAnswer(request)
    }

    @Test func aRequestWithoutReuseNeitherTakesNorLeavesAnything() async throws {
        let model = try EngineFixture.model()
        var shy = try EngineFixture.request()
        shy.reusesCaches = false
        let expected = Answer(try await model.result(shy))
        var statistics = model.statistics()
        #expect((statistics.cachedBlocks, statistics.imageCacheBytes) == (0, 0))

        let open = try EngineFixture.request()
        let first = try await model.result(open)
        #expect(first.reusedTokens == 0)
        #expect(Answer(first) == expected)
        statistics = model.statistics()
        let second = try await model.result(shy)
        #expect(second.reusedTokens == 0)
        #expect(Answer(second) == expected)
        let after = model.statistics()
        #expect(
            (after.cachedBlocks, after.imageCacheBytes, after.prefixHitTokens, after.imageCacheHits)
                == (
                    statistics.cachedBlocks, statistics.imageCacheBytes, statistics.prefixHitTokens,
                    statistics.imageCacheHits
                ))
    }

    @Test func aConversationGoesOnFromItsFirstAnswer() async throws {
        let model = try EngineFixture.model()
        let picture = EngineFixture.picture(10)
        var selection = SelectionOptions()
        selection.budget = try TokenBudget(parsing: "20%")
        let question = ChatMessage(.user, [.image, .text("What does the image say?")])
        let first = try await model.result(
            GenerationRequest(
                .chat([question], template: nil), images: [picture], selection: selection, maximumTokens: 64))
        let turn = GenerationRequest(
            .chat(
                [
                    question, ChatMessage(.assistant, [.text(first.answer.trimmingCharacters(in: .whitespaces))]),
                    ChatMessage(.user, [.text("What number is written?")]),
                ], template: nil),
            images: [picture], selection: selection, maximumTokens: 16)
        let second = try await model.result(turn)
        // Blocks with tokens of the answer are among the reused ones.
        #expect(first.tokens.count > 32)
        #expect(second.reusedTokens > first.promptTokens)
        #expect(Answer(second) == (try await Self.fresh(turn)))
    }

    @Test func requestsForOnePictureThatWaitTogetherEncodeItOnce() async throws {
        let model = try EngineFixture.model()
        let questions = ["What does the image say?", "What number is written?", "How much is the TEA?"]
        let requests = try questions.map { try EngineFixture.request([10], $0) }
        var expected: [Answer] = []
        for request in requests { expected.append(try await model.aloneAnswer(request)) }
        let (views, answers, kept) = try await model.drive { engine in
            let log = EventLog(model)
            for (place, request) in requests.enumerated() { try log.submit(request, id: UInt64(place), to: engine) }
            // One that asks for no reuse works for itself.
            var shy = requests[0]
            shy.reusesCaches = false
            try log.submit(shy, id: 3, to: engine)
            try log.finish(engine)
            return (
                (0..<4).map { log.views(of: $0) }, (0..<3).map { log.results[$0].map { Answer($0) } },
                log.results[0]?.images[0].layout.partitionCount
            )
        }
        #expect(views == [kept, 0, 0, kept])
        #expect(answers == expected)
        try await model.expectNothingLeft()
    }

    /// Blocks are handed on as they are: what earlier requests, or failures, left in them must not matter.
    @Test func whatBlocksHeldBeforeDoesNotMatter() async throws {
        let model = try EngineFixture.model { $0.cacheBytes = 110 * EngineFixture.blockBytes }
        let requests = try EngineFixture.mixed(4, seed: 3)
        for request in requests {
            let expected = try await model.aloneAnswer(request)
            // All bits set: not a number.
            try await model.drive { $0.openVINO.language.cache.fill(0xFF) }
            #expect(try await model.aloneAnswer(request) == expected)
        }
    }
}
