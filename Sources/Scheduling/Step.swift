/// One call of the model: a mixed batch of prompts and continuations.
///
/// To be carried out in this order: all copies, one after the other; then the entries, whose positions are written into
/// the cache through their block tables; then `Scheduler.complete`. All of it must be carried out, for sequences that are
/// cancelled in the meantime too: others may find their blocks. Otherwise, `Scheduler.abandonStep`.
public struct Step: Hashable, Sendable {
    /// Block contents to be copied first, in order: a later one may overwrite what an earlier one reads.
    public var copies: [BlockCopy] = []
    /// What to compute, the longest running sequence first.
    public var entries: [StepEntry] = []
    /// Sequences whose blocks were taken back. They wait again, at their old place, and will be computed anew.
    public var preempted: [SequenceID] = []

    public init() {}

    /// Tokens computed, over all entries.
    public var tokenCount: Int { entries.reduce(0) { $0 + $1.positions.count } }
    /// Rows of logits wanted.
    public var sampledCount: Int { entries.count { $0.samples } }
}

/// The part of a step that belongs to one sequence.
public struct StepEntry: Hashable, Sendable {
    public let id: SequenceID
    /// Token positions to compute; never empty. All positions before them are in the cache already.
    public let positions: Range<Int>
    /// The blocks of positions 0 ..< `positions.upperBound`, in order. Those that are written belong to this sequence
    /// alone.
    public let blockTable: [BlockID]
    /// Whether the next token is to be sampled from the logits of the last position: it is the last known token.
    public let samples: Bool

    public init(id: SequenceID, positions: Range<Int>, blockTable: [BlockID], samples: Bool) {
        self.id = id
        self.positions = positions
        self.blockTable = blockTable
        self.samples = samples
    }
}

/// A block whose content must be copied before a step.
public struct BlockCopy: Hashable, Sendable {
    public let source: BlockID
    public let target: BlockID
}

/// What sampling gave for one entry of a step.
public enum StepOutcome: Hashable, Sendable {
    /// A token was appended, and the sequence goes on.
    case token
    /// The sequence is complete: end of sequence, a stop string, or its length.
    case finished
}
