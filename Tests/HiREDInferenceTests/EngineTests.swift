import Foundation
import HiRED
import Testing

@testable import HiREDInference

/// Many requests at once on the demo model.
@Suite struct EngineTests {
    private func answers(
        _ requests: [GenerationRequest], of model: VisionLanguageModel
    ) async throws -> [Answer?] {
        try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for (place, request) in requests.enumerated() {
                group.addTask { (place, Answer(try await model.result(request))) }
            }
            var answers = [Answer?](repeating: nil, count: requests.count)
            for try await (place, answer) in group { answers[place] = answer }
            return answers
        }
    }

    @Test func sixtyFourAtOnceAnswerAsEachAloneInACacheThatHoldsAFew() async throws {
        let requests = try EngineFixture.mixed(64, seed: 1, longest: 120)
        let alone = try EngineFixture.model { $0.cacheBytes = 110 * EngineFixture.blockBytes }
        var expected: [Answer] = []
        for request in requests { expected.append(try await alone.aloneAnswer(request)) }
        #expect(alone.statistics().cachedBlocks == 0)

        // The longest prompt with its answer takes 96 blocks.
        let blocks = 110
        let model = try EngineFixture.model { $0.cacheBytes = blocks * EngineFixture.blockBytes + 1000 }
        #expect(model.cacheCapacity == blocks * EngineFixture.blockBytes)
        let found = try await answers(requests, of: model)
        let wrong = requests.indices.filter { found[$0] != expected[$0] }
        #expect(wrong.isEmpty)

        let statistics = model.statistics()
        #expect(statistics.preemptions > 0)
        #expect(statistics.blockCount == blocks)
        #expect((statistics.waiting, statistics.running) == (0, 0))
        try await model.expectNothingLeft()
    }
}
