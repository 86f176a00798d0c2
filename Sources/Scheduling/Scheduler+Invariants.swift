extension Scheduler {
    /// Checks the whole state against itself. O(blocks + sequences), for tests.
    ///
    /// - Throws: `InvariantViolation` with the first thing that is wrong.
    public func checkInvariants() throws(InvariantViolation) {
        try pool.checkInvariants(tables: running.map(\.blocks))
        try InvariantViolation.check(running.count <= options.runningLimit, "too many sequences run")
        for sequences in [running, waiting] {
            let isSorted = zip(sequences, sequences.dropFirst()).allSatisfy { $0.seniority < $1.seniority }
            try InvariantViolation.check(isSorted, "sequences are not in the order of arrival")
        }
        let names = Set(running.map(\.id)).union(waiting.map(\.id))
        try InvariantViolation.check(names.count == running.count + waiting.count, "two sequences have one name")
        for sequence in waiting {
            let isBare = sequence.blocks.isEmpty && sequence.computed == 0 && !sequence.isEnding
            try InvariantViolation.check(isBare, "sequence \(sequence.id) waits and holds blocks or ends")
        }
        for sequence in running {
            try InvariantViolation.check(
                sequence.remaining > 0 && sequence.scheduled <= sequence.remaining,
                "sequence \(sequence.id) has computed more than is known")
            try InvariantViolation.check(
                isStepInFlight || (sequence.scheduled == 0 && !sequence.isEnding),
                "sequence \(sequence.id) is in flight without a step")
            try InvariantViolation.check(
                sequence.blocks.count == pool.blocks(forTokens: sequence.computed + sequence.scheduled),
                "the table of sequence \(sequence.id) does not cover its positions")
        }
    }
}
