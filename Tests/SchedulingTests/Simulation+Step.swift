@testable import Scheduling

extension Simulation {
    /// Asks for the next step and checks all that can be said of it.
    mutating func begin() throws -> Bool {
        let before = scheduler.running
        guard let step = scheduler.nextStep() else {
            try Self.require(live.isEmpty, "there is no step for \(live.keys.sorted())")
            return false
        }
        inFlight = step
        preemptions += step.preempted.count
        copies += step.copies.count
        try scheduler.checkInvariants()
        for id in step.preempted { live[id]?.computed = nil }
        try checkFairness(step, before: before)
        try checkOwnership(step)
        for entry in step.entries { try check(entry) }
        try Self.require(
            step.tokenCount <= scheduler.options.maximumStepTokens, "the step has \(step.tokenCount) tokens")
        return true
    }

    private func checkFairness(_ step: Step, before: [SequenceState]) throws {
        let preempted = Set(step.preempted)
        try Self.require(preempted.isSubset(of: before.map(\.id)), "a sequence without blocks was preempted")
        if let oldest = before.first {
            try Self.require(!preempted.contains(oldest.id), "the oldest sequence was preempted")
            try Self.require(step.entries.contains { $0.id == oldest.id }, "the oldest sequence was left out")
        }
        let youngestLeft = before.last { !preempted.contains($0.id) }
        let oldestPreempted = before.first { preempted.contains($0.id) }
        if let youngestLeft, let oldestPreempted {
            try Self.require(
                youngestLeft.seniority < oldestPreempted.seniority, "not the youngest sequence was preempted")
        }
        for sequence in before where sequence.isDecoding && !preempted.contains(sequence.id) {
            try Self.require(step.entries.contains { $0.id == sequence.id }, "\(sequence.id) decodes and was left out")
        }
        let ids = step.entries.map(\.id)
        try Self.require(Set(ids).isDisjoint(with: preempted), "a preempted sequence is in the step")
        try Self.require(Set(ids).count == ids.count, "a sequence is in the step twice")
        let order = scheduler.running.map(\.id).filter(Set(ids).contains)
        try Self.require(ids == order, "the entries are not in the order of arrival")
    }

    /// What is written belongs to one sequence and cannot be found; only what is written is a copy.
    private func checkOwnership(_ step: Step) throws {
        var written: Set<BlockID> = []
        for entry in step.entries {
            for place in entry.positions.lowerBound / blockSize...(entry.positions.upperBound - 1) / blockSize {
                let block = entry.blockTable[place]
                try Self.require(written.insert(block).inserted, "block \(block) is written for two sequences")
                try Self.require(scheduler.pool.referenceCount(of: block) == 1, "block \(block) is shared and written")
                try Self.require(scheduler.pool.keys[Int(block)] == nil, "block \(block) can be found and is written")
            }
        }
        for copy in step.copies {
            try Self.require(written.contains(copy.target), "block \(copy.target) is copied for nothing")
        }
    }

    private func check(_ entry: StepEntry) throws {
        guard let sequence = live[entry.id] else {
            throw SimulationFailure(description: "\(entry.id) is in the step and is not alive")
        }
        let (start, end) = (entry.positions.lowerBound, entry.positions.upperBound)
        let known = sequence.tokens.count
        try Self.require(start < end && end <= known, "\(entry.id) computes \(entry.positions) of \(known) tokens")
        try Self.require(
            entry.positions.count <= max(1, scheduler.options.prefillChunk), "\(entry.id) computes too long a chunk")
        try Self.require(sequence.computed ?? start == start, "\(entry.id) starts at \(start), leaving a gap")
        try Self.require(
            entry.blockTable.count == scheduler.pool.blocks(forTokens: end), "the table of \(entry.id) does not fit")
        try Self.require(entry.samples == (end == known), "\(entry.id) samples in the middle or not at the end")
    }

    /// Carries the step in flight out and completes it.
    mutating func finish() throws {
        guard let step = inFlight else { throw SimulationFailure(description: "there is no step") }
        inFlight = nil
        cache.carryOut(step.copies)
        var outcomes: [StepOutcome] = []
        var done = Set(ending.keys)
        // What a block's key is computed from: the tokens known before this step's samples.
        let known = live.mapValues(\.tokens)
        for entry in step.entries {
            guard var sequence = live[entry.id] else {
                // Cancelled in the meantime: the step was on its way and computes it all the same.
                if let sequence = ending[entry.id] { _ = cache.compute(entry, tokens: sequence.tokens) }
                if entry.samples { outcomes.append(.token) }
                continue
            }
            let context = cache.compute(entry, tokens: sequence.tokens)
            sequence.computed = entry.positions.upperBound
            if entry.samples {
                let token = DummyModel.next(context: context, salt: sequence.salt)
                sequence.tokens.append(token)
                outcomes.append(token == 0 ? .finished : .token)
            }
            live[entry.id] = sequence
            guard entry.samples, sequence.tokens.last == 0 || sequence.tokens.count == sequence.limit else { continue }
            try Self.require(sequence.tokens == sequence.expected, "\(entry.id) says something else than alone")
            done.insert(entry.id)
            finished.append(sequence.tokens)
        }
        let givesKeys = live.mapValues(\.givesKeys)
        let size = blockSize
        let ended = scheduler.complete(outcomes) { id, block in
            guard givesKeys[id] ?? false, let tokens = known[id], tokens.count >= (block + 1) * size else { return nil }
            return DummyModel.keys(tokens, blockSize: size)[block]
        }
        try Self.require(Set(ended) == done && ended.count == done.count, "\(ended) ended, not \(done)")
        for id in done { live[id] = nil }
        ending = [:]
        try scheduler.checkInvariants()
    }

    /// Lets the step in flight fail half-way.
    mutating func abandon() throws {
        guard let step = inFlight else { throw SimulationFailure(description: "there is no step") }
        inFlight = nil
        cache.carryOut(step.copies)
        cache.spoil(step)
        let ended = scheduler.abandonStep()
        try Self.require(Set(ended) == Set(ending.keys), "\(ended) ended, not \(ending.keys)")
        ending = [:]
        for entry in step.entries { live[entry.id]?.computed = nil }
        try scheduler.checkInvariants()
    }
}
