extension Scheduler {
    /// The next batch; nil when there is nothing to compute. Not to be called while a step is in flight.
    ///
    /// O(running sequences), plus the prefix look-ups of those that start. A step in which all sequences decode
    /// allocates its list of entries and nothing else, if the caller has let the step before it go.
    ///
    /// - Parameter maximumTokens: a limit of this step below the options', so that it ends sooner. Sequences that decode
    ///   get their token all the same, and a prompt that is first in line at least one.
    public mutating func nextStep(maximumTokens: Int = .max) -> Step? {
        precondition(!isStepInFlight, "the step in flight must be completed first")
        guard !isIdle else { return nil }
        var step = Step()
        var budget = shareBudget(min(maximumTokens, options.maximumStepTokens))
        reserveBlocksOfRunning(&step)
        // Whoever has just lost its blocks would otherwise take them back in the same step.
        if step.preempted.isEmpty { startWaiting(budget: &budget, copies: &step.copies) }

        step.entries.reserveCapacity(running.count)
        for sequence in running where sequence.scheduled > 0 {
            let end = sequence.computed + sequence.scheduled
            step.entries.append(
                StepEntry(
                    id: sequence.id, positions: sequence.computed..<end, blockTable: sequence.blocks,
                    samples: end == sequence.known))
        }
        assert(!step.entries.isEmpty, "the oldest sequence is in every step")
        isStepInFlight = true
        return step
    }

    /// Gives each running sequence its part of the token budget: one token where a sequence decodes, then the prompts
    /// by seniority. Since no more sequences run than a step has tokens, the first prompt always gets some.
    ///
    /// - Returns: what is left.
    private mutating func shareBudget(_ limit: Int) -> Int {
        let decoding = running.count { $0.isDecoding }
        var budget = max(limit, running.count, 1) - decoding
        for place in running.indices {
            if running[place].isDecoding {
                running[place].scheduled = 1
            } else {
                running[place].scheduled = min(running[place].remaining, options.prefillChunk, budget)
                budget -= running[place].scheduled
            }
        }
        return budget
    }

    /// Gets the blocks of the planned positions, oldest sequence first; the youngest pays where there are not enough,
    /// if need be the one that asks. So blocks are only ever taken from sequences that have not got theirs yet.
    private mutating func reserveBlocksOfRunning(_ step: inout Step) {
        var place = 0
        while place < running.count {
            if pool.cover(&running[place], copies: &step.copies) {
                place += 1
            } else {
                step.preempted.append(preemptYoungest())
            }
        }
    }

    /// Takes the youngest running sequence's blocks back. Those with keys stay findable until they are needed.
    private mutating func preemptYoungest() -> SequenceID {
        precondition(running.count > 1, "an accepted sequence fits the pool alone")
        let sequence = running.removeLast()
        preemptions += 1
        return sendBack(sequence)
    }

    /// Lets a sequence wait again, at its old place, without its blocks.
    @discardableResult
    mutating func sendBack(_ sequence: SequenceState) -> SequenceID {
        var sequence = sequence
        pool.release(table: sequence.blocks)
        sequence.blocks = []
        sequence.computed = 0
        sequence.scheduled = 0
        waiting.insertBySeniority(sequence)
        return sequence.id
    }
}

extension BlockPool {
    /// Makes the table cover the planned positions with blocks that may be written.
    ///
    /// - Returns: false, with nothing changed, when there are not enough blocks.
    mutating func cover(_ sequence: inout SequenceState, copies: inout [BlockCopy]) -> Bool {
        guard sequence.scheduled > 0 else { return true }
        let held = sequence.blocks.count
        let added = blocks(forTokens: sequence.computed + sequence.scheduled) - held
        // Of the blocks held, only the last can be written: the others are full.
        let written = sequence.computed / blockSize
        let isShared = written < held && referenceCount(of: sequence.blocks[written]) > 1
        guard added + (isShared ? 1 : 0) <= availableBlocks else { return false }

        if written < held {
            let old = sequence.blocks[written]
            guard let new = makeWritable(old) else { return false }
            if new != old {
                sequence.blocks[written] = new
                copies.append(BlockCopy(source: old, target: new))
            }
        }
        for _ in 0..<added {
            guard let block = allocate() else { return false }
            sequence.blocks.append(block)
        }
        return true
    }
}
