extension Scheduler {
    /// Lets a second sequence go on from where one is: same known tokens, same limits, its own continuation.
    ///
    /// The two share all blocks, and whoever first writes into the last, partial one gets a copy of it. While the step
    /// in flight computes the sequence, only the full blocks before its positions are shared. A fork that cannot run at
    /// once waits behind the sequence it stems from and finds its blocks by their keys.
    ///
    /// The last known token is not in the cache yet after a sampled step. So a fork made right then may be given
    /// another token in its place, sampled from the same logits.
    ///
    /// - Returns: `unknown`, `duplicate` or `queueFull` where it is not made.
    public mutating func fork(_ id: SequenceID, as newID: SequenceID) -> Admission {
        guard !holds(newID) else { return .rejected(.duplicate(newID)) }
        if let place = waiting.position(of: id) { return wait(fork(of: waiting[place], as: newID)) }
        guard let place = running.position(of: id), !running[place].isEnding else {
            return .rejected(.unknown(id))
        }
        var fork = fork(of: running[place], as: newID)
        guard running.count < options.runningLimit else { return wait(fork) }
        let isInFlight = isStepInFlight && running[place].scheduled > 0
        let shared = isInFlight ? running[place].computed / pool.blockSize : running[place].blocks.count
        fork.blocks = Array(running[place].blocks.prefix(shared))
        fork.computed = min(running[place].computed, shared * pool.blockSize)
        for block in fork.blocks { pool.retain(block) }
        running.insertBySeniority(fork)
        return .accepted
    }

    private mutating func wait(_ sequence: SequenceState) -> Admission {
        guard waiting.count < options.maximumWaiting else {
            return .rejected(.queueFull(limit: options.maximumWaiting))
        }
        waiting.insertBySeniority(sequence)
        return .accepted
    }

    /// The same sequence under another name, without blocks.
    private mutating func fork(of sequence: SequenceState, as id: SequenceID) -> SequenceState {
        forks += 1
        return SequenceState(
            id: id, seniority: Seniority(arrival: sequence.seniority.arrival, fork: forks),
            promptLength: sequence.promptLength, maximumNewTokens: sequence.maximumNewTokens,
            keys: sequence.keys, generated: sequence.generated)
    }
}
