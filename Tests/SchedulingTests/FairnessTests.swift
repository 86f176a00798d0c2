import Testing

@testable import Scheduling

@Suite struct FairnessTests {
    private func simulation(
        blocks: Int, size: Int = 4, stepTokens: Int = 16, sequences: Int = 8, chunk: Int = 64
    ) throws -> Simulation {
        var options = SchedulerOptions()
        options.maximumStepTokens = stepTokens
        options.maximumSequences = sequences
        options.prefillChunk = chunk
        return try Simulation(blockCount: blocks, blockSize: size, options: options)
    }

    /// A prompt that no two numbers have in common, and whose answers do not end early for the salts used here.
    private func prompt(_ number: UInt64, _ length: Int) -> [UInt64] {
        (0..<length).map { number * 1000 + UInt64($0) + 1 }
    }

    /// A salt with which the answer takes all its tokens.
    private func salt(for prompt: [UInt64], new: Int) -> UInt64 {
        (0..<10_000).first {
            !DummyModel.decode(prompt, salt: $0, limit: prompt.count + new).dropFirst(prompt.count).contains(0)
        } ?? 0
    }

    private func submit(_ simulation: inout Simulation, _ number: UInt64, _ length: Int, new: Int) -> SequenceID {
        let prompt = prompt(number, length)
        return simulation.submit(prompt, new: new, salt: salt(for: prompt, new: new)).id
    }

    @Test func aLongPromptDoesNotStopRunningAnswers() throws {
        var simulation = try simulation(blocks: 200)
        let short = (1...3).map { submit(&simulation, $0, 4, new: 30) }
        #expect(try simulation.begin())
        try simulation.finish()
        let long = submit(&simulation, 9, 200, new: 2)
        var steps = 0
        while simulation.live[long]?.tokens.count == 200 {
            let before = short.map { simulation.live[$0]?.tokens.count ?? 0 }
            _ = try simulation.begin()
            let entry = try #require(simulation.inFlight?.entries.first { $0.id == long })
            #expect(entry.positions.count <= 13)
            try simulation.finish()
            #expect(short.map { simulation.live[$0]?.tokens.count ?? 0 } == before.map { $0 + 1 })
            steps += 1
        }
        // All of the budget that the three answers leave goes to the prompt.
        #expect(steps == (200 + 12) / 13)
        try simulation.drain()
    }

    @Test func promptsAreServedInOrderAndChunksLeaveRoom() throws {
        var simulation = try simulation(blocks: 100, stepTokens: 20, chunk: 8)
        let ids = (1...3).map { submit(&simulation, $0, 20, new: 2) }
        _ = try simulation.begin()
        #expect(simulation.inFlight?.entries.map(\.id) == ids)
        #expect(simulation.inFlight?.entries.map(\.positions) == [0..<8, 0..<8, 0..<4])
        try simulation.finish()
        _ = try simulation.begin()
        #expect(simulation.inFlight?.entries.map(\.positions) == [8..<16, 8..<16, 4..<8])
        try simulation.finish()
        _ = try simulation.begin()
        #expect(simulation.inFlight?.entries.map(\.positions) == [16..<20, 16..<20, 8..<16])
        #expect(simulation.inFlight?.entries.map(\.samples) == [true, true, false])
        try simulation.finish()
        try simulation.drain()
    }

    /// Two short requests arrive in every step; the long one needs nearly the whole pool.
    @Test func shortRequestsDoNotStarveALongOne() throws {
        var simulation = try simulation(blocks: 16, stepTokens: 8, sequences: 4)
        for number in 1...6 { _ = submit(&simulation, UInt64(number), 5, new: 6) }
        let long = submit(&simulation, 500, 50, new: 8)
        var steps = 0
        while simulation.live[long] != nil {
            for number in 0..<2 { _ = submit(&simulation, UInt64(1000 + 2 * steps + number), 5, new: 6) }
            _ = try simulation.begin()
            try simulation.finish()
            steps += 1
            try #require(steps < 60)
        }
        #expect(!simulation.live.isEmpty)
        try simulation.drain()
    }

    /// All want more than there is: the youngest gives way, the oldest never, and it returns before later ones.
    @Test func theYoungestIsPreemptedAndComesBackFirst() throws {
        var simulation = try simulation(blocks: 12, stepTokens: 32)
        let ids = (1...3).map { submit(&simulation, $0, 8, new: 20) }
        var later: SequenceID?
        var preempted: [SequenceID] = []
        // Who runs, from the first preemption on, in the order of the return.
        var returned: [SequenceID] = []
        while try simulation.begin() {
            let step = try #require(simulation.inFlight)
            preempted += step.preempted
            if later == nil, preempted == [ids[2]] { later = submit(&simulation, 4, 4, new: 4) }
            if later != nil {
                for entry in step.entries where !returned.contains(entry.id) { returned.append(entry.id) }
            }
            try simulation.finish()
        }
        #expect(preempted.first == ids[2])
        #expect(!preempted.contains(ids[0]))
        #expect(simulation.scheduler.statistics.preemptions == preempted.count)
        #expect(returned == ids + [later])
    }

    /// A preempted sequence finds what is left of its own blocks.
    @Test func aPreemptedSequenceReusesItsBlocks() throws {
        var simulation = try simulation(blocks: 8, stepTokens: 32)
        let old = submit(&simulation, 1, 8, new: 14)
        let young = submit(&simulation, 2, 8, new: 14)
        var computed = 0
        var computedBefore = 0
        while try simulation.begin() {
            let step = try #require(simulation.inFlight)
            if step.preempted.contains(young) { computedBefore = computed }
            if let entry = step.entries.first(where: { $0.id == young }) { computed += entry.positions.count }
            try simulation.finish()
        }
        #expect(computedBefore > 8)
        #expect(simulation.live[old] == nil)
        // 21 positions once, and of the 13 or so that were taken back only those whose block was needed again.
        #expect(simulation.scheduler.statistics.prefixHitTokens >= 4)
        #expect(computed == 21 + computedBefore - simulation.scheduler.statistics.prefixHitTokens)
    }

    /// A prompt starts only when the blocks of those that run, which they have yet to take, leave room for it.
    @Test func aPromptDoesNotStartOnBlocksThatAreSpokenFor() throws {
        var simulation = try simulation(blocks: 16, stepTokens: 12, chunk: 8)
        _ = submit(&simulation, 1, 48, new: 3)
        let second = submit(&simulation, 2, 20, new: 3)
        var startedWith: Int?
        while try simulation.begin() {
            if startedWith == nil, simulation.inFlight?.entries.contains(where: { $0.id == second }) ?? false {
                startedWith = simulation.scheduler.statistics.running
            }
            try simulation.finish()
        }
        #expect(startedWith == 1)
        #expect(simulation.preemptions == 0)
    }

    /// With fewer step tokens than sequences only as many run as can all have one.
    @Test func noMoreRunThanAStepHasTokens() throws {
        var simulation = try simulation(blocks: 100, stepTokens: 3)
        for number in 1...6 { _ = submit(&simulation, UInt64(number), 4, new: 9) }
        for _ in 0..<8 {
            _ = try simulation.begin()
            #expect(simulation.scheduler.statistics.running <= 3)
            try simulation.finish()
        }
        try simulation.drain()
    }
}
