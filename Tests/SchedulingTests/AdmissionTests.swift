import Testing

@testable import Scheduling

@Suite struct AdmissionTests {
    private func scheduler(
        blocks: Int, size: Int = 32, _ change: (inout SchedulerOptions) -> Void = { _ in }
    ) throws -> Scheduler {
        var options = SchedulerOptions()
        change(&options)
        return try Scheduler(pool: BlockPool(blockCount: blocks, blockSize: size), options: options)
    }

    @Test(arguments: [
        \SchedulerOptions.maximumStepTokens, \.maximumSequences, \.maximumWaiting, \.prefillChunk,
    ]) func limitsBelowOneAreErrors(_ limit: any WritableKeyPath<SchedulerOptions, Int> & Sendable) {
        #expect(throws: SchedulingError.self) { try scheduler(blocks: 1) { $0[keyPath: limit] = 0 } }
    }

    /// The last new token is never written: 128 + 1 tokens fit 4 blocks of 32, 128 + 2 do not.
    @Test(arguments: [(128, 1, 4), (127, 2, 4), (1, 128, 4), (128, 2, 5), (129, 1, 5), (1, 129, 5), (300, 20, 10)])
    func whatFitsAloneIsAccepted(_ prompt: Int, _ new: Int, _ needed: Int) throws {
        var scheduler = try scheduler(blocks: 4)
        let admission = scheduler.submit(SequenceRequest(id: 1, promptLength: prompt, maximumNewTokens: new))
        let expected: Admission =
            needed <= 4
            ? .accepted
            : .rejected(
                .neverFits(neededBlocks: needed, availableBlocks: 4, maximumPromptTokens: max(0, 129 - new)))
        #expect(admission == expected)
    }

    /// The longest prompt that a rejection names is accepted, and one more token is not.
    @Test(arguments: [(1, 1), (3, 2), (4, 32), (7, 5)], [1, 2, 5, 20])
    func theLongestPromptNamedIsTheLongestThatFits(_ size: (Int, Int), _ new: Int) throws {
        var scheduler = try scheduler(blocks: size.0, size: size.1)
        guard
            case .rejected(.neverFits(_, _, let longest)) = scheduler.submit(
                SequenceRequest(id: 1, promptLength: 1000, maximumNewTokens: new))
        else {
            Issue.record("1000 tokens were accepted")
            return
        }
        #expect(longest == max(0, size.0 * size.1 - new + 1))
        if longest > 0 {
            #expect(
                scheduler.submit(SequenceRequest(id: 2, promptLength: longest, maximumNewTokens: new)) == .accepted)
        }
        let more = scheduler.submit(SequenceRequest(id: 3, promptLength: longest + 1, maximumNewTokens: new))
        #expect(more != .accepted)
    }

    @Test(arguments: [(Int.max, Int.max), (Int.max, 1), (1, Int.max), (Int.max, 2)])
    func hugeNumbersAreRejected(_ prompt: Int, _ new: Int) throws {
        var scheduler = try scheduler(blocks: 4)
        let admission = scheduler.submit(SequenceRequest(id: 1, promptLength: prompt, maximumNewTokens: new))
        guard case .rejected(.neverFits) = admission else {
            Issue.record("\(admission)")
            return
        }
    }

    @Test(arguments: [(0, 1), (1, 0), (-5, 3), (Int.min, Int.min)])
    func emptyRequestsAreRejected(_ prompt: Int, _ new: Int) throws {
        var scheduler = try scheduler(blocks: 4)
        let admission = scheduler.submit(SequenceRequest(id: 1, promptLength: prompt, maximumNewTokens: new))
        #expect(admission == .rejected(.emptyRequest))
        #expect(scheduler.nextStep() == nil)
    }

    @Test func theQueueIsBounded() throws {
        var scheduler = try scheduler(blocks: 4) { $0.maximumWaiting = 2 }
        let admissions = (1...3).map {
            scheduler.submit(SequenceRequest(id: $0, promptLength: 3, maximumNewTokens: 3))
        }
        #expect(admissions == [.accepted, .accepted, .rejected(.queueFull(limit: 2))])
        _ = scheduler.nextStep()
        #expect(scheduler.statistics.waiting == 0)
        #expect(scheduler.submit(SequenceRequest(id: 3, promptLength: 3, maximumNewTokens: 3)) == .accepted)
    }

    @Test func namesAreUniqueAmongTheLiving() throws {
        var scheduler = try scheduler(blocks: 4)
        let request = SequenceRequest(id: 5, promptLength: 3, maximumNewTokens: 1)
        #expect(scheduler.submit(request) == .accepted)
        #expect(scheduler.submit(request) == .rejected(.duplicate(5)))
        _ = scheduler.nextStep()
        #expect(scheduler.submit(request) == .rejected(.duplicate(5)))
        #expect(scheduler.complete([.token]) == [5])
        #expect(scheduler.submit(request) == .accepted)
    }

    /// More keys than full blocks, from whatever cause, do no harm.
    @Test func keysBeyondThePromptAreLeftOut() throws {
        var scheduler = try scheduler(blocks: 4, size: 2)
        let keys = (0..<9).map { BlockKey($0, 0, 0, 0) }
        #expect(
            scheduler.submit(SequenceRequest(id: 1, promptLength: 3, maximumNewTokens: 3, promptKeys: keys))
                == .accepted)
        _ = scheduler.nextStep()
        scheduler.complete([.token])
        #expect(scheduler.pool.longestPrefix(of: keys).found == 1)
        try scheduler.checkInvariants()
    }
}
