import Foundation
import HiRED
import Testing

@testable import HiREDInference

/// Several answers from one prompt, selections of single pictures, and the order of events.
@Suite struct AnswersTests {
    @Test func everyAnswerIsThatOfARequestWithItsSeed() async throws {
        let model = try EngineFixture.model()
        var request = try EngineFixture.request(tokens: 20)
        request.sampling = SamplingOptions(temperature: 1.5, seed: 40)
        var expected: [[Int32]] = []
        for answer in 0..<5 {
            var single = request
            single.sampling.seed = 40 + UInt64(answer)
            expected.append(try await model.aloneAnswer(single).tokens)
        }
        request.answerCount = 5
        request.reusesCaches = false
        let before = model.statistics()
        let result = try await model.result(request)
        #expect(result.answers.map(\.tokens) == expected)
        #expect(Set(expected).count > 1)
        // The prompt was read once.
        let after = model.statistics()
        #expect(after.promptTokens - before.promptTokens == result.promptTokens)
        #expect(after.generatedTokens - before.generatedTokens == expected.reduce(0) { $0 + $1.count })
        try await model.expectNothingLeft()
    }

    /// One token each, the end of sequence at once, and fewer blocks and places than answers.
    @Test(arguments: [1, 2, 33]) func manyAnswersFitWhereFewDo(_ tokens: Int) async throws {
        let model = try EngineFixture.model {
            $0.cacheBytes = 12 * EngineFixture.blockBytes
            $0.maximumSequences = 3
        }
        var request = try EngineFixture.request(tokens: tokens)
        request.sampling = SamplingOptions(temperature: 2, seed: 1)
        request.ignoresEndOfSequence = true
        request.answerCount = 7
        let result = try await model.result(request)
        #expect(result.answers.map(\.tokens.count) == [Int](repeating: tokens, count: 7))
        for answer in [0, 3, 6] {
            var single = request
            single.answerCount = 1
            single.sampling.seed = 1 + UInt64(answer)
            #expect(try await model.aloneAnswer(single).tokens == result.answers[answer].tokens)
        }
        try await model.expectNothingLeft()
    }

    @Test func anAnswerThatEndsAtOnceDoesNotEndTheOthers() async throws {
        let model = try EngineFixture.model()
        var request = try EngineFixture.request(tokens: 6)
        request.sampling = SamplingOptions(temperature: 1.5, seed: 3)
        request.answerCount = 4
        let whole = try await model.result(request)
        // The first answer stops with its first text, the others where that text comes.
        let first = try #require(whole.answers[0].text.first.map { String($0) })
        request.sampling.stop = [first]
        let cut = try await model.result(request)
        #expect(cut.answers[0].text.isEmpty && cut.answers[0].finishReason == .stop)
        for (short, long) in zip(cut.answers, whole.answers) {
            #expect(long.text.hasPrefix(short.text))
            #expect(!short.text.contains(first))
        }
        try await model.expectNothingLeft()
    }

    @Test func eventsComeInOrder() async throws {
        let model = try EngineFixture.model { $0.maximumStepTokens = 64 }
        var request = try EngineFixture.request([10, 4], tokens: 6)
        request.answerCount = 2
        request.sampling = SamplingOptions(temperature: 1, seed: 9)
        request.sampling.logprobs = 2
        var (stage, counted, selected, progress, tokens) = (
            0, 0, 0, [Int](), [[GeneratedToken]](repeating: [], count: 2)
        )
        var planned: [Int] = []
        var last: GenerationResult?
        func at(_ number: Int) {
            #expect(number >= stage, "\(number) after \(stage)")
            stage = max(stage, number)
        }
        for try await event in model.generate(request) {
            switch event {
            case .accepted(let place):
                at(0)
                #expect(place == 0)
            case .counted(let count):
                at(1)
                (counted, planned) = (count.promptTokens, count.images.map(\.planned))
            case .encoding: at(2)
            case .selected(let image, let picked):
                at(2)
                #expect(image == selected && picked.kept > 0)
                selected += 1
            case .prefill(let done, let total):
                at(3)
                #expect(total == counted)
                progress.append(done)
            case .token(let token):
                at(4)
                tokens[token.answer].append(token)
            case .finished(let result):
                at(5)
                last = result
            }
        }
        let result = try #require(last)
        #expect(selected == 2)
        #expect(planned == result.images.map(\.kept))
        #expect(progress.first == 0 && progress.last == counted && progress == progress.sorted())
        #expect(progress.count > 3)
        for (answer, drawn) in zip(result.answers, tokens) {
            #expect(answer.tokens == drawn.map(\.id))
            #expect(answer.text == drawn.map(\.text).joined())
            #expect(answer.logprobs == drawn.compactMap(\.logprobs))
            #expect(drawn.dropLast().allSatisfy { $0.finishReason == nil })
            #expect(drawn.last?.finishReason == answer.finishReason)
        }
    }

    @Test func picturesHaveOptionsOfTheirOwn() async throws {
        let model = try EngineFixture.model()
        var request = try EngineFixture.request([10, 4], tokens: 4)
        request.selections[1] = SelectionOptions()
        request.selections[1]?.budget = .tokens(33)
        let result = try await model.result(request)
        #expect(result.images.map(\.kept) == [576, 33])
        let count = try model.count(request)
        #expect(count.images.map(\.planned) == [576, 33])
        #expect(count.promptTokens == result.promptTokens)
        #expect(count.images.map(\.full) == result.images.map(\.full))
        request.selections[2] = SelectionOptions()
        await #expect(throws: InferenceError.self) { _ = try await model.result(request) }
    }

    @Test func selectionsTakeTheirTurnAndAgreeWithAnswers() async throws {
        let model = try EngineFixture.model()
        let request = try EngineFixture.request(tokens: 4)
        let picked = try await withThrowingTaskGroup(of: PictureSelection.self) { group in
            for _ in 0..<4 {
                group.addTask { try await model.select(EngineFixture.picture(10), options: request.selection) }
            }
            return try await group.reduce(into: [PictureSelection]()) { $0.append($1) }
        }
        let answered = try await model.result(request)
        #expect(picked.count == 4 && picked.allSatisfy { $0.tokens == answered.images[0] })
        #expect(picked[0].partitions.layout == answered.images[0].layout)
        // All about one picture: it was encoded once.
        #expect(model.statistics().views == answered.images[0].layout.partitionCount)
        try await model.expectNothingLeft()
    }

    @Test func aKnownPictureIsNotDecodedAgain() async throws {
        let model = try EngineFixture.model()
        let request = try EngineFixture.request(tokens: 4)
        let first = try await model.result(request)
        #expect(first.timings.images.preprocess > 0)
        let second = try await model.result(request)
        #expect(second.timings.images.preprocess == 0 && second.timings.images.vision == 0)
        #expect(second.answer == first.answer)
        #expect(model.statistics().imageCacheHits == 1)
    }

    @Test func numbersOfAnswersAreChecked() async throws {
        let model = try EngineFixture.model()
        for count in [0, -1, 129, Int.max] {
            var request = try EngineFixture.request(tokens: 4)
            request.answerCount = count
            await #expect(throws: InferenceError.self) { _ = try await model.result(request) }
        }
    }
}
