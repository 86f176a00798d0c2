extension Scheduler {
    /// Takes in what a step gave. Full blocks become findable, and sequences that end let theirs go.
    ///
    /// A sequence that has all its new tokens ends whatever its outcome says.
    ///
    /// - Parameters:
    ///   - outcomes: one for each entry of the step with `samples`, in the step's order. What is said of a sequence that
    ///     was cancelled in the meantime does not matter.
    ///   - blockKey: the key of a block of a sequence, by its place in the block table. Asked, in order, for blocks that
    ///     have become full and whose key is not known from the prompt: those with generated tokens. All their tokens
    ///     were known before this step, its samples are in none. Nil keeps this and later blocks from being found.
    /// - Returns: the sequences that ended: the finished ones, and those cancelled while in flight.
    @discardableResult
    public mutating func complete(
        _ outcomes: [StepOutcome], blockKey: (SequenceID, Int) -> BlockKey? = { _, _ in nil }
    ) -> [SequenceID] {
        precondition(isStepInFlight, "there is no step to complete")
        isStepInFlight = false
        var outcomes = outcomes[...]
        for place in running.indices where running[place].scheduled > 0 {
            publishBlocks(at: place, blockKey: blockKey)
            guard running[place].remaining == 0 else { continue }
            guard let outcome = outcomes.popFirst() else { preconditionFailure("an entry that samples has no outcome") }
            running[place].generated += 1
            if outcome == .finished || running[place].generated == running[place].maximumNewTokens {
                running[place].isEnding = true
            }
        }
        precondition(outcomes.isEmpty, "there are more outcomes than entries that sample")
        return removeEnding()
    }

    /// Takes note that the step in flight failed: nothing that it was to write can be relied on. Its sequences wait
    /// again and are computed anew, but for their findable blocks; a caller that gives up cancels them.
    ///
    /// - Returns: the sequences that ended: those cancelled while in flight.
    @discardableResult
    public mutating func abandonStep() -> [SequenceID] {
        precondition(isStepInFlight, "there is no step to abandon")
        isStepInFlight = false
        let ended = removeEnding()
        let failed = running.filter { $0.scheduled > 0 }
        running.removeAll { $0.scheduled > 0 }
        for sequence in failed { sendBack(sequence) }
        return ended
    }

    /// Counts the step's positions as computed and makes the blocks that they filled findable.
    private mutating func publishBlocks(at place: Int, blockKey: (SequenceID, Int) -> BlockKey?) {
        let before = running[place].computed / pool.blockSize
        running[place].computed += running[place].scheduled
        running[place].scheduled = 0
        let after = running[place].computed / pool.blockSize
        guard before < after else { return }
        let unpublished = min(before, running[place].keys.count)
        while running[place].keys.count < after {
            guard let key = blockKey(running[place].id, running[place].keys.count) else { break }
            running[place].keys.append(key)
        }
        for block in unpublished..<min(after, running[place].keys.count) {
            pool.publish(running[place].blocks[block], as: running[place].keys[block])
        }
    }

    /// Removes the sequences that are marked.
    private mutating func removeEnding() -> [SequenceID] {
        guard running.contains(where: \.isEnding) else { return [] }
        var ended: [SequenceID] = []
        for sequence in running where sequence.isEnding {
            pool.release(table: sequence.blocks)
            ended.append(sequence.id)
        }
        running.removeAll(where: \.isEnding)
        return ended
    }
}
