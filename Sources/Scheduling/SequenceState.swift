/// What the scheduler knows of a sequence that has not ended.
struct SequenceState: Sendable {
    let id: SequenceID
    let seniority: Seniority
    let promptLength: Int
    let maximumNewTokens: Int
    /// Keys of the first full blocks: the prompt's, then those learned while generating.
    var keys: [BlockKey]
    /// Tokens generated so far.
    var generated = 0
    /// Positions that are in the cache.
    var computed = 0
    /// Positions from `computed` on that the step in flight computes, or the next one is to compute.
    var scheduled = 0
    /// The blocks of positions 0 ..< computed + scheduled. Empty while the sequence waits.
    var blocks: [BlockID] = []
    /// Finished, or cancelled while in flight: ends with the step.
    var isEnding = false

    /// Tokens that are known: the prompt and what was generated.
    var known: Int { promptLength + generated }
    /// Known tokens that are not in the cache; at least 1, since the last one's logits are still wanted.
    var remaining: Int { known - computed }
    /// Whether a single token brings the next one.
    var isDecoding: Bool { remaining == 1 }
}

/// Who came first. A fork follows the sequence it stems from, before all that came after that.
struct Seniority: Comparable, Hashable, Sendable {
    let arrival: UInt64
    /// 0 for a request, then counting up.
    let fork: UInt64

    static func < (left: Seniority, right: Seniority) -> Bool {
        (left.arrival, left.fork) < (right.arrival, right.fork)
    }
}

extension [SequenceState] {
    func position(of id: SequenceID) -> Int? { firstIndex { $0.id == id } }

    /// Puts a sequence at its place by seniority. Found from the end: most come last.
    mutating func insertBySeniority(_ sequence: SequenceState) {
        let place = lastIndex { $0.seniority < sequence.seniority }.map { $0 + 1 } ?? 0
        insert(sequence, at: place)
    }
}
