import Testing

@testable import Scheduling

@Suite struct EndingTests {
    private func scheduler(_ count: Int, new: Int = 5) throws -> Scheduler {
        var options = SchedulerOptions()
        options.maximumSequences = 2
        var scheduler = try Scheduler(pool: BlockPool(blockCount: 20, blockSize: 4), options: options)
        for id in 1...SequenceID(count) {
            let request = SequenceRequest(id: id, promptLength: 6, maximumNewTokens: new)
            #expect(scheduler.submit(request) == .accepted)
        }
        return scheduler
    }

    @Test func aWaitingSequenceEndsAtOnce() throws {
        var scheduler = try scheduler(3)
        #expect(scheduler.cancel(2) == true)
        #expect(scheduler.cancel(2) == false)
        #expect(scheduler.nextStep()?.entries.map(\.id) == [1, 3])
    }

    @Test func aRunningSequenceEndsAtOnceAndMakesRoom() throws {
        var scheduler = try scheduler(3)
        _ = scheduler.nextStep()
        scheduler.complete([.token, .token])
        #expect(scheduler.statistics.usedBlocks == 4)
        #expect(scheduler.cancel(1) == true)
        #expect(scheduler.statistics.usedBlocks == 2)
        #expect(scheduler.nextStep()?.entries.map(\.id) == [2, 3])
    }

    /// Blocks that are being written stay taken until they are.
    @Test func aSequenceInFlightEndsWithItsStep() throws {
        var scheduler = try scheduler(2)
        _ = scheduler.nextStep()
        #expect(scheduler.cancel(1) == true)
        #expect(scheduler.cancel(1) == false)
        #expect(scheduler.holds(1))
        #expect(scheduler.statistics.usedBlocks == 4)
        #expect(scheduler.fork(1, as: 9) == .rejected(.unknown(1)))
        #expect(scheduler.complete([.token, .token]) == [1])
        #expect(!scheduler.holds(1))
        #expect(scheduler.statistics.usedBlocks == 2)
        try scheduler.checkInvariants()
    }

    @Test func nobodyIsCancelledTwiceOrBeforeItCame() throws {
        var scheduler = try scheduler(1)
        #expect(scheduler.cancel(77) == false)
        _ = scheduler.nextStep()
        #expect(scheduler.complete([.finished]) == [1])
        #expect(scheduler.cancel(1) == false)
        #expect(scheduler.isIdle)
        #expect(scheduler.nextStep() == nil)
    }

    @Test(arguments: 1...4) func aSequenceEndsWithItsLastNewTokenWhateverIsSaid(_ new: Int) throws {
        var scheduler = try scheduler(1, new: new)
        for step in 1...new {
            _ = scheduler.nextStep()
            #expect(scheduler.complete([.token]) == (step == new ? [1] : []))
        }
        #expect(scheduler.isIdle)
        #expect(scheduler.statistics.usedBlocks == 0)
    }

    @Test func anAbandonedStepIsComputedAnew() throws {
        var scheduler = try scheduler(2)
        let first = try #require(scheduler.nextStep() as Step?)
        scheduler.cancel(1)
        #expect(scheduler.abandonStep() == [1])
        try scheduler.checkInvariants()
        #expect(scheduler.statistics.usedBlocks == 0)
        let again = try #require(scheduler.nextStep() as Step?)
        #expect(again.entries.map(\.positions) == [first.entries[1].positions])
        #expect(scheduler.statistics.preemptions == 0)
    }
}

@Suite struct ForkTests {
    private func simulation(sequences: Int = 8, blocks: Int = 40) throws -> Simulation {
        var options = SchedulerOptions()
        options.maximumSequences = sequences
        return try Simulation(blockCount: blocks, blockSize: 4, options: options)
    }

    private let prompt = (1...10).map { UInt64($0) }

    /// Three continuations share two full blocks; of the partial one, all but the last to write get copies.
    @Test func continuationsShareBlocksAndCopyThePartialOne() throws {
        var simulation = try simulation()
        let parent = simulation.submit(prompt, new: 6, salt: 1).id
        _ = try simulation.begin()
        try simulation.finish()
        let forks = try (2...3).map { try simulation.fork(parent, salt: $0, replacement: 30 + $0) }.compactMap(\.self)
        #expect(simulation.scheduler.statistics.usedBlocks == 3)
        _ = try simulation.begin()
        let step = try #require(simulation.inFlight)
        #expect(step.entries.map(\.id) == [parent] + forks)
        #expect(step.entries.map(\.positions) == [10..<11, 10..<11, 10..<11])
        #expect(step.copies.count == 2)
        #expect(Set(step.copies.map(\.source)).count == 1)
        #expect(Set(step.entries.map { $0.blockTable.prefix(2) }).count == 1)
        #expect(Set(step.entries.map { $0.blockTable[2] }).count == 3)
        #expect(simulation.scheduler.statistics.usedBlocks == 5)
        try simulation.finish()
        try simulation.drain()
        #expect(simulation.finished.count == 3)
    }

    /// What the step in flight may still write is not shared.
    @Test func aForkInFlightSharesOnlyWhatIsWritten() throws {
        var simulation = try simulation()
        let parent = simulation.submit(prompt, new: 6, salt: 1).id
        _ = try simulation.begin()
        let early = try #require(try simulation.fork(parent, salt: 2))
        try simulation.finish()
        _ = try simulation.begin()
        #expect(simulation.inFlight?.copies == [])
        let late = try #require(try simulation.fork(parent, salt: 3))
        try simulation.finish()
        _ = try simulation.begin()
        #expect(simulation.inFlight?.entries.first { $0.id == early }?.positions != nil)
        #expect(simulation.inFlight?.entries.first { $0.id == late }?.positions.lowerBound == 8)
        try simulation.finish()
        try simulation.drain()
    }

    /// A fork that finds no room waits before later requests and takes up its blocks by their keys.
    @Test func aForkWithoutRoomWaitsBehindItsOrigin() throws {
        var simulation = try simulation(sequences: 1)
        let parent = simulation.submit(prompt, new: 2, salt: 1).id
        let later = simulation.submit([90, 91], new: 2).id
        _ = try simulation.begin()
        try simulation.finish()
        let fork = try #require(try simulation.fork(parent, salt: 2))
        var order: [SequenceID] = []
        while try simulation.begin() {
            for entry in simulation.inFlight?.entries ?? [] where !order.contains(entry.id) { order.append(entry.id) }
            try simulation.finish()
        }
        #expect(order == [parent, fork, later])
        #expect(simulation.scheduler.statistics.prefixHitTokens == 8)
    }

    @Test func impossibleForksAreRejected() throws {
        var options = SchedulerOptions()
        options.maximumWaiting = 1
        var scheduler = try Scheduler(pool: BlockPool(blockCount: 4), options: options)
        #expect(scheduler.fork(1, as: 2) == .rejected(.unknown(1)))
        #expect(scheduler.submit(SequenceRequest(id: 1, promptLength: 4, maximumNewTokens: 4)) == .accepted)
        #expect(scheduler.fork(1, as: 1) == .rejected(.duplicate(1)))
        #expect(scheduler.fork(1, as: 2) == .rejected(.queueFull(limit: 1)))
        _ = scheduler.nextStep()
        #expect(scheduler.fork(1, as: 2) == .accepted)
        try scheduler.checkInvariants()
    }
}
