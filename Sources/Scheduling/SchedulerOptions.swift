/// The limits a scheduler keeps.
public struct SchedulerOptions: Hashable, Sendable {
    /// Most tokens computed in one step, over all sequences.
    public var maximumStepTokens = 1024
    /// Most sequences that hold blocks at once. No more than `maximumStepTokens` ever run, since each that decodes
    /// takes a token of every step.
    public var maximumSequences = 64
    /// Most requests that wait; a further one is rejected. Sequences whose blocks were taken back wait beyond it.
    public var maximumWaiting = 256
    /// Most prompt tokens of one sequence in one step. A smaller number leaves room in a step for several prompts.
    public var prefillChunk = 512

    public init() {}

    /// Sequences that can run at once under these limits.
    var runningLimit: Int { min(maximumSequences, maximumStepTokens) }

    func validate() throws(SchedulingError) {
        let counts = 1...Int(Int32.max)
        try SchedulingError.check("maximumStepTokens", maximumStepTokens, in: counts)
        try SchedulingError.check("maximumSequences", maximumSequences, in: counts)
        try SchedulingError.check("maximumWaiting", maximumWaiting, in: counts)
        try SchedulingError.check("prefillChunk", prefillChunk, in: counts)
    }
}
