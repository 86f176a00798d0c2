import HiRED

@testable import Scheduling

struct SimulationFailure: Error, CustomStringConvertible {
    let description: String
}

/// A scheduler, the dummy model that carries its steps out, and a record of what must come out.
struct Simulation {
    /// A sequence as its user sees it.
    struct Live {
        var tokens: [UInt64]
        var salt: UInt64
        /// Tokens in all when it ends by length.
        var limit: Int
        /// What it will have said in the end, decoded alone.
        var expected: [UInt64]
        /// Whether keys are given for blocks with generated tokens.
        var givesKeys = true
        /// Positions in the cache, where known.
        var computed: Int?
    }

    var scheduler: Scheduler
    var cache: DummyCache
    var live: [SequenceID: Live] = [:]
    /// The texts of the sequences that came to their end.
    var finished: [[UInt64]] = []
    /// Cancelled while in flight; still to be told by the scheduler.
    var ending: [SequenceID: Live] = [:]
    var inFlight: Step?
    var preemptions = 0
    var copies = 0
    private var nextID: SequenceID = 0

    var blockSize: Int { scheduler.pool.blockSize }

    init(blockCount: Int, blockSize: Int, options: SchedulerOptions = SchedulerOptions()) throws {
        scheduler = try Scheduler(pool: BlockPool(blockCount: blockCount, blockSize: blockSize), options: options)
        cache = DummyCache(blockCount: blockCount, blockSize: blockSize)
    }

    static func require(_ holds: Bool, _ reason: @autoclosure () -> String) throws {
        guard holds else { throw SimulationFailure(description: reason()) }
    }

    mutating func submit(
        _ prompt: [UInt64], new: Int, salt: UInt64 = 0, keys: Int = .max, givesKeys: Bool = true
    ) -> (id: SequenceID, admission: Admission) {
        nextID += 1
        let request = SequenceRequest(
            id: nextID, promptLength: prompt.count, maximumNewTokens: new,
            promptKeys: Array(DummyModel.keys(prompt, blockSize: blockSize).prefix(keys)))
        let admission = scheduler.submit(request)
        if admission == .accepted {
            let limit = prompt.count + new
            live[nextID] = Live(
                tokens: prompt, salt: salt, limit: limit,
                expected: DummyModel.decode(prompt, salt: salt, limit: limit), givesKeys: givesKeys)
        }
        return (nextID, admission)
    }

    mutating func cancel(_ id: SequenceID) throws {
        let wasLive = live[id] != nil
        let isComputed = inFlight?.entries.contains { $0.id == id } ?? false
        try Self.require(scheduler.cancel(id) == wasLive, "cancelling \(id) gave the wrong answer")
        forget(id, isInFlight: isComputed)
    }

    private mutating func forget(_ id: SequenceID, isInFlight: Bool) {
        if let sequence = live.removeValue(forKey: id), isInFlight { ending[id] = sequence }
    }

    /// - Parameter replacement: stands in for the last token, if that was generated.
    mutating func fork(_ id: SequenceID, salt: UInt64, replacement: UInt64? = nil) throws -> SequenceID? {
        nextID += 1
        let admission = scheduler.fork(id, as: nextID)
        guard var fork = live[id] else {
            try Self.require(admission == .rejected(.unknown(id)), "a fork of nobody was \(admission)")
            return nil
        }
        guard admission == .accepted else { return nil }
        if let replacement { fork.tokens[fork.tokens.count - 1] = replacement }
        fork.salt = salt
        fork.computed = nil
        fork.expected = DummyModel.decode(fork.tokens, salt: salt, limit: fork.limit)
        live[nextID] = fork
        return nextID
    }

    /// Runs until nothing is left.
    mutating func drain() throws {
        // The oldest sequence gets a token in every step; twice that for those that wait for a younger one to end.
        var bound = 10 + 2 * live.values.reduce(0) { $0 + $1.limit }
        while try begin() {
            try finish()
            bound -= 1
            try Self.require(bound > 0, "sequences \(live.keys.sorted()) do not come to an end")
        }
        try Self.require(live.isEmpty && ending.isEmpty, "\(live.keys.sorted()) were forgotten")
        try Self.require(scheduler.pool.usedBlocks == 0, "blocks were lost")
    }
}
