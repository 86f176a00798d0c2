import Testing

@testable import Scheduling

@Suite struct PrefixReuseTests {
    private let prompt = (1...12).map { UInt64($0) }

    private func simulation(blocks: Int = 20, stepTokens: Int = 64) throws -> Simulation {
        var options = SchedulerOptions()
        options.maximumStepTokens = stepTokens
        return try Simulation(blockCount: blocks, blockSize: 4, options: options)
    }

    private func firstPositions(_ simulation: inout Simulation, of id: SequenceID) throws -> Range<Int> {
        while try simulation.begin() {
            let entry = simulation.inFlight?.entries.first { $0.id == id }
            try simulation.finish()
            if let entry { return entry.positions }
        }
        throw SimulationFailure(description: "\(id) never ran")
    }

    @Test(arguments: [(9, 8), (10, 8), (11, 8), (7, 4), (3, 0)])
    func thePrefillStartsAfterTheLastSharedFullBlock(_ length: Int, _ start: Int) throws {
        var simulation = try simulation()
        _ = simulation.submit(prompt, new: 3)
        try simulation.drain()
        let id = simulation.submit(Array(prompt.prefix(length)), new: 3).id
        #expect(try firstPositions(&simulation, of: id) == start..<length)
        #expect(simulation.scheduler.statistics.prefixHitTokens == start)
        try simulation.drain()
    }

    /// The last token of a prompt that is cached whole is computed once more, for its logits; nobody holds its block,
    /// so it is written where it is.
    @Test func aFullyCachedPromptComputesItsLastToken() throws {
        var simulation = try simulation()
        _ = simulation.submit(prompt, new: 3)
        try simulation.drain()
        let id = simulation.submit(prompt, new: 3).id
        #expect(try firstPositions(&simulation, of: id) == 11..<12)
        #expect(simulation.copies == 0)
        // Findable again once it is written.
        #expect(simulation.scheduler.pool.longestPrefix(of: DummyModel.keys(prompt, blockSize: 4)).found == 3)
        try simulation.drain()
    }

    /// The same while another sequence holds the block: it is copied.
    @Test func aFullyCachedPromptInUseIsCopiedBeforeItIsWritten() throws {
        var simulation = try simulation()
        let first = simulation.submit(prompt, new: 9, salt: 3).id
        _ = try simulation.begin()
        try simulation.finish()
        let second = simulation.submit(prompt, new: 9, salt: 4).id
        _ = try simulation.begin()
        let step = try #require(simulation.inFlight)
        let tables = [first, second].map { id in step.entries.first { $0.id == id }?.blockTable ?? [] }
        #expect(step.copies == [BlockCopy(source: tables[0][2], target: tables[1][2])])
        #expect(tables[0].prefix(2) == tables[1].prefix(2))
        #expect(step.entries.map(\.positions) == [12..<13, 11..<12])
        try simulation.finish()
        try simulation.drain()
    }

    /// A prompt that fills the pool alone is not stopped by its own cached copy.
    @Test func aFullyCachedPromptFitsAPoolOfItsOwnSize() throws {
        var simulation = try simulation(blocks: 3)
        for _ in 0..<3 {
            #expect(simulation.submit(prompt, new: 1).admission == .accepted)
            try simulation.drain()
        }
        #expect(simulation.finished.count == 3)
        #expect(simulation.scheduler.statistics.prefixHitTokens == 22)
    }

    /// Requests with one prompt that arrive together compute it once; an unrelated one does not wait for them.
    @Test func twinPromptsAreComputedOnce() throws {
        var simulation = try simulation()
        let twins = (1...3).map { simulation.submit(prompt + [UInt64($0)], new: 4, salt: UInt64($0)).id }
        let other = simulation.submit([70, 71, 72], new: 4).id
        _ = try simulation.begin()
        #expect(simulation.inFlight?.entries.map(\.id) == [twins[0], other])
        try simulation.finish()
        _ = try simulation.begin()
        let step = try #require(simulation.inFlight)
        #expect(step.entries.filter { twins.dropFirst().contains($0.id) }.map(\.positions) == [12..<13, 12..<13])
        // Overtaken, but still the elder.
        #expect(step.entries.map(\.id) == twins + [other])
        try simulation.finish()
        try simulation.drain()
    }

    /// The next turn of a conversation finds the answer's blocks, not only the prompt's.
    @Test func answersAreFoundByTheNextTurn() throws {
        var simulation = try simulation(blocks: 40)
        let salt = (0..<1000).first { !DummyModel.decode(prompt, salt: $0, limit: 26).contains(0) } ?? 0
        _ = simulation.submit(prompt, new: 14, salt: salt)
        try simulation.drain()
        let answer = try #require(simulation.finished.first)
        #expect(answer.count == 26)
        let next = simulation.submit(answer + [5, 6], new: 2).id
        // 25 positions of the first turn were written: 6 blocks full.
        #expect(try firstPositions(&simulation, of: next) == 24..<28)
        try simulation.drain()
    }

    @Test func withoutKeysNothingIsShared() throws {
        var simulation = try simulation()
        for _ in 0..<2 {
            _ = simulation.submit(prompt, new: 9, keys: 0, givesKeys: false)
            try simulation.drain()
        }
        #expect(simulation.scheduler.statistics.prefixHitTokens == 0)
        #expect(simulation.scheduler.statistics.cachedBlocks == 0)
    }

    /// Keys that the request did not bring may come with the blocks.
    @Test func keysMayComeLate() throws {
        var simulation = try simulation()
        _ = simulation.submit(prompt, new: 2, keys: 1, givesKeys: true)
        try simulation.drain()
        #expect(simulation.scheduler.pool.longestPrefix(of: DummyModel.keys(prompt, blockSize: 4)).found == 3)
    }

    /// A block whose key was not known when it became full is found from when it is.
    @Test func keysThatWereRefusedMayStillCome() throws {
        var options = SchedulerOptions()
        options.prefillChunk = 4
        var scheduler = try Scheduler(pool: BlockPool(blockCount: 8, blockSize: 4), options: options)
        let keys = DummyModel.keys(prompt, blockSize: 4)
        #expect(scheduler.submit(SequenceRequest(id: 1, promptLength: 12, maximumNewTokens: 4)) == .accepted)
        var asked: [[Int]] = []
        for chunk in 0..<3 {
            _ = scheduler.nextStep()
            var blocks: [Int] = []
            scheduler.complete(chunk == 2 ? [.token] : []) { _, block in
                blocks.append(block)
                return chunk == 0 ? nil : keys[block]
            }
            asked.append(blocks)
        }
        #expect(asked == [[0], [0, 1], [2]])
        #expect(scheduler.pool.longestPrefix(of: keys).found == 3)
        try scheduler.checkInvariants()
    }
}
