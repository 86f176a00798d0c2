import ElementTypes
import Foundation
import HiRED
import ImageProcessing
import Scheduling
import Testing

@testable import HiREDInference

/// Requests beside each other: what one does to another, and when each gets its turn.
@Suite struct EngineIsolationTests {
    @Test func whatFailsEndsAlone() async throws {
        let model = try EngineFixture.model()
        let good = try (0..<4).map { try EngineFixture.request([$0 + 8], tokens: 12) }
        var expected: [Answer] = []
        for request in good { expected.append(try await model.aloneAnswer(request)) }

        // Less than one token: noticed once the full view is encoded, together with those of others.
        var tiny = try EngineFixture.request([3])
        tiny.selection.budget = .percentage(try Percentage(numerator: 1, scale: 6))
        var broken = try EngineFixture.request()
        broken.images = [.data(Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2]), name: "broken")]
        var missing = broken
        missing.images = [.file(EngineFixture.demo.appending(path: "nowhere.png"))]

        let (answers, errors, refused) = try await model.drive { [tiny, broken, missing] engine in
            let log = EventLog(model)
            var refused = 0
            for (place, request) in good.enumerated() {
                // Told apart, so that none waits for another's picture.
                var tiny = tiny
                tiny.selection.alpha = Double(place) / 4
                try log.submit(tiny, id: UInt64(10 + place), to: engine)
                for wrong in [broken, missing] {
                    do { try log.submit(wrong, id: 20, to: engine) } catch is ImageError { refused += 1 }
                }
                try log.submit(request, id: UInt64(place), to: engine)
            }
            try log.finish(engine)
            return (
                (0..<4).map { log.results[$0].map { Answer($0) } }, log.errors.filter { $0.value is HiREDError }.count,
                refused
            )
        }
        #expect(answers == expected)
        #expect(errors == 4)
        #expect(refused == 8)
        try await model.expectNothingLeft()
    }

    @Test func promptsMayShowTwoPicturesOrNone() async throws {
        let model = try EngineFixture.model()
        let two = try EngineFixture.request([10, 4], tokens: 12)
        let result = try await model.result(two)
        #expect(result.images.count == 2)
        #expect(Answer(result) == (try await model.aloneAnswer(two)))
        let swapped = try await model.result(try EngineFixture.request([4, 10], tokens: 12))
        #expect(swapped.images == [result.images[1], result.images[0]])
        #expect(swapped.reusedTokens == 0)
        // Both pictures are known, and the first one's blocks too.
        let first = try await model.result(try EngineFixture.request([10, 9], tokens: 12))
        #expect(first.reusedTokens >= result.images[0].kept / 32 * 32)

        // The same picture twice is encoded once and stands twice.
        let (views, tokens) = try await model.drive { engine in
            let log = EventLog(model)
            try log.submit(try EngineFixture.request([13, 13], tokens: 2), id: 1, to: engine)
            try log.finish(engine)
            return (log.views(of: 1), log.results[1]?.images.map(\.kept) ?? [])
        }
        #expect(tokens.count == 2 && tokens[0] == tokens[1])
        #expect(
            views
                == (try await model.select(EngineFixture.picture(13), options: two.selection)).partitions.layout
                .partitionCount)

        let text = GenerationRequest(
            .raw("USER: What does the image say? ASSISTANT:"), images: [], selection: SelectionOptions(),
            maximumTokens: 8)
        let plain = try await model.result(text)
        #expect(plain.images.isEmpty)
        #expect(!plain.tokens.isEmpty)
        #expect(Answer(plain) == (try await model.aloneAnswer(text)))
        try await model.expectNothingLeft()
    }

    /// One token at most, and separators that take it away again: pictures that leave nothing.
    @Test func aPictureMayLeaveNoToken() async throws {
        let model = try EngineFixture.model()
        var request = try EngineFixture.request(tokens: 3)
        request.selection.budget = .tokens(1)
        request.selection.alpha = 0
        request.selection.keepsSeparators = true
        let result = try await model.result(request)
        #expect(result.images[0].kept <= 1)
        #expect(!result.tokens.isEmpty)
    }

    @Test func runningAnswersGetTokensBetweenTheViewsOfAnother() async throws {
        // Parts of the long prompt of the size of a step, however fast the machine.
        let model = try EngineFixture.model { $0.maximumStepTokens = 128 }
        var talking = try EngineFixture.request([0], tokens: 200)
        talking.ignoresEndOfSequence = true
        let (gaps, chunks) = try await model.drive { [talking] engine in
            let log = EventLog(model)
            try log.submit(talking, id: 1, to: engine)
            while engine.requests.first?.sequence?.decodeStart == nil { engine.iterate() }
            try log.submit(try EngineFixture.request([5], budget: "full", tokens: 2), id: 2, to: engine)
            var drawn: [Int] = []
            var chunks: [Int] = []
            while log.results[2] == nil {
                let views = log.views(of: 2)
                let tokens = engine.requests.first?.sequence?.result.tokens.count ?? 0
                engine.iterate()
                let more = (engine.requests.first?.sequence?.result.tokens.count ?? 0) - tokens
                if log.views(of: 2) > views {
                    #expect(log.views(of: 2) == views + 1)
                    drawn.append(more)
                } else {
                    chunks.append(more)
                }
            }
            try log.finish(engine)
            return (drawn, chunks)
        }
        // Every view, and every part of the long prompt, is followed by a token of the running answer.
        #expect(gaps.count == 5)
        #expect(gaps.allSatisfy { $0 == 1 })
        #expect(chunks.count > 3)
        #expect(chunks.allSatisfy { $0 == 1 })
        try await model.expectNothingLeft()
    }

    /// Pictures wait with their pixels: embeddings of a long queue would fill the memory.
    @Test func picturesAreNotEncodedLongBeforeTheirTurn() async throws {
        let model = try EngineFixture.model { $0.maximumSequences = 2 }
        let requests = try (0..<16).map { number in
            var request = try EngineFixture.request([number], tokens: 60)
            request.ignoresEndOfSequence = true
            return request
        }
        let most = try await model.drive { engine in
            let log = EventLog(model)
            for (place, request) in requests.enumerated() { try log.submit(request, id: UInt64(place), to: engine) }
            var most = 0
            while engine.hasWork {
                engine.iterate()
                most = max(most, engine.requests.count { $0.sequence != nil })
            }
            #expect(log.results.count == 16)
            return most
        }
        #expect(most <= 2 + Engine.preparedLimit + VisionEncoder.maximumBatch)
        try await model.expectNothingLeft()
    }

    @Test(arguments: CachePrecision.allCases)
    func everyCachePrecisionAnswers(_ precision: CachePrecision) async throws {
        let model = try EngineFixture.model(cache: precision)
        let expected = try await EngineFixture.model().aloneAnswer(try EngineFixture.request())
        // Coarser keys and values may change a token, and not much more.
        let result = try await model.result(try EngineFixture.request())
        let agreement = zip(result.tokens, expected.tokens).prefix { $0 == $1 }.count
        #expect(agreement >= expected.tokens.count / 2)
        let bytes = try await model.drive { $0.openVINO.language.cache.bytesPerBlock }
        switch precision {
        case .f32: #expect(bytes == EngineFixture.blockBytes)
        case .f16: #expect(bytes == EngineFixture.blockBytes / 2)
        case .u8: #expect(bytes < EngineFixture.blockBytes / 3)
        case .auto: #expect(bytes <= EngineFixture.blockBytes)
        }
        try await model.expectNothingLeft()
    }

    @Test func aSeedDrawsTheSameAnswerAloneAndInCompany() async throws {
        let model = try EngineFixture.model()
        var request = try EngineFixture.request()
        request.sampling = SamplingOptions(temperature: 1.5, seed: 5)
        let expected = try await model.aloneAnswer(request)
        #expect(try await model.aloneAnswer(request) == expected)
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for _ in 0..<4 { group.addTask { [request] in Answer(try await model.result(request)) } }
            return try await group.reduce(into: [Answer]()) { $0.append($1) }
        }
        #expect(answers == [expected, expected, expected, expected])
        request.sampling.seed = 6
        #expect(try await model.aloneAnswer(request) != expected)
    }
}
