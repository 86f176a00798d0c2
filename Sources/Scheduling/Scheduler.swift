/// Decides what the model computes next: continuous batching over a paged key-value cache.
///
/// A pure state machine. It knows lengths, not tokens, and does nothing itself: `nextStep` says what to compute, the
/// caller computes and samples, and `complete` takes the outcomes in. At most one step is in flight; requests,
/// cancellations and forks may come at any time, also while one is.
///
/// What it promises:
/// - Every sequence that decodes gets one token in every step; what is left of the step's budget goes to prompts,
///   first come, first served, in chunks. So no prompt stops the others' answers.
/// - Sequences start in the order of arrival. One is overtaken only while it waits for another to finish computing
///   blocks that both need.
/// - When blocks run out, the youngest running sequence gives its own back and is computed anew later. The oldest one
///   never is, gets tokens in every step, and fits the pool alone: so every sequence ends.
/// - Full blocks with equal keys are computed once and shared; a block that is written belongs to one sequence alone.
public struct Scheduler: Sendable {
    public let options: SchedulerOptions
    /// The blocks, for reading their numbers.
    public internal(set) var pool: BlockPool
    /// Whether a step has been given out and not been completed.
    public internal(set) var isStepInFlight = false

    /// The sequences that hold blocks, by seniority.
    var running: [SequenceState] = []
    /// The sequences that hold none, by seniority.
    var waiting: [SequenceState] = []
    var arrivals: UInt64 = 0
    var forks: UInt64 = 0
    var preemptions = 0
    var prefixHitTokens = 0

    /// - Throws: `SchedulingError.outOfRange` for limits below 1.
    public init(pool: BlockPool, options: SchedulerOptions = SchedulerOptions()) throws(SchedulingError) {
        try options.validate()
        self.pool = pool
        self.options = options
    }

    /// Whether no sequence is left; `nextStep` gives nil exactly then.
    public var isIdle: Bool { running.isEmpty && waiting.isEmpty }

    /// Lends blocks that hold nothing, for measurements between two steps. Nothing that is referenced or cached changes.
    ///
    /// - Returns: what `body` gives; nil, without a call, where there are not so many such blocks.
    public mutating func lendFreeBlocks<Result>(_ count: Int, _ body: ([BlockID]) throws -> Result) rethrows -> Result?
    {
        guard let blocks = pool.takeFree(count) else { return nil }
        defer { pool.giveBack(blocks) }
        return try body(blocks)
    }

    /// Calls `body` with each sequence that holds blocks.
    public func forEachRunning(_ body: (SequenceID) -> Void) { for sequence in running { body(sequence.id) } }

    public var statistics: SchedulerStatistics {
        SchedulerStatistics(
            waiting: waiting.count, running: running.count, usedBlocks: pool.usedBlocks,
            cachedBlocks: pool.cachedBlocks, blockCount: pool.blockCount, preemptions: preemptions,
            prefixHitTokens: prefixHitTokens)
    }
}

/// A snapshot of a scheduler's state and counters.
public struct SchedulerStatistics: Hashable, Sendable {
    /// Sequences that hold no blocks.
    public let waiting: Int
    /// Sequences that hold blocks.
    public let running: Int
    /// Blocks held by running sequences.
    public let usedBlocks: Int
    /// Blocks nobody holds that can still be found.
    public let cachedBlocks: Int
    /// All blocks.
    public let blockCount: Int
    /// How often blocks were taken back, since the beginning.
    public let preemptions: Int
    /// Tokens that were not computed because their blocks were found, since the beginning; a preempted sequence's own
    /// count too.
    public let prefixHitTokens: Int
}
