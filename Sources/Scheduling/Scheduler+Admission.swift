extension Scheduler {
    /// Takes a request into the queue. It starts with one of the next steps.
    ///
    /// Accepted is what fits the pool when it runs alone, its last new token aside, which is never read back: so it can
    /// always be brought to its end.
    public mutating func submit(_ request: SequenceRequest) -> Admission {
        guard request.promptLength > 0, request.maximumNewTokens > 0 else { return .rejected(.emptyRequest) }
        guard !holds(request.id) else { return .rejected(.duplicate(request.id)) }
        let (tokens, overflow) = request.promptLength.addingReportingOverflow(request.maximumNewTokens - 1)
        let needed = pool.blocks(forTokens: overflow ? Int.max : tokens)
        guard needed <= pool.blockCount else {
            let longest = max(0, pool.blockCount * pool.blockSize - (request.maximumNewTokens - 1))
            return .rejected(
                .neverFits(
                    neededBlocks: needed, availableBlocks: pool.blockCount, maximumPromptTokens: longest))
        }
        guard waiting.count < options.maximumWaiting else {
            return .rejected(.queueFull(limit: options.maximumWaiting))
        }
        arrivals += 1
        waiting.append(
            SequenceState(
                id: request.id, seniority: Seniority(arrival: arrivals, fork: 0), promptLength: request.promptLength,
                maximumNewTokens: request.maximumNewTokens,
                keys: Array(request.promptKeys.prefix(request.promptLength / pool.blockSize))))
        return .accepted
    }

    /// Whether a sequence of this name has not ended.
    public func holds(_ id: SequenceID) -> Bool {
        running.position(of: id) != nil || waiting.position(of: id) != nil
    }

    /// Lets waiting sequences run while there is room, and gives them their parts of the step.
    ///
    /// - Parameter budget: tokens of the step that are still to be given out.
    mutating func startWaiting(budget: inout Int, copies: inout [BlockCopy]) {
        // Blocks that are spoken for: the rest of the prompts that run, and one more for each sequence, so that a
        // sequence does not start only to be preempted by the next token of another.
        var reserved = running.reduce(0) { $0 + missingBlocks(of: $1) + 1 }
        var place = 0
        while place < waiting.count, running.count < options.runningLimit, budget > 0 {
            let prefix = pool.longestPrefix(of: waiting[place].keys)
            if isBeingComputed(waiting[place].keys, block: prefix.found) {
                place += 1
                continue
            }
            // The known tokens' blocks and room for one more, which is also the room for a copy of the last block where
            // all are found. What others hold already costs nothing.
            let needed = pool.blocks(forTokens: waiting[place].known + 1) - prefix.referenced
            guard running.isEmpty || needed + reserved <= pool.availableBlocks else { return }

            var sequence = waiting.remove(at: place)
            takePrefix(of: &sequence, found: prefix.found)
            sequence.scheduled = min(sequence.remaining, options.prefillChunk, budget)
            budget -= sequence.scheduled
            let isCovered = pool.cover(&sequence, copies: &copies)
            precondition(isCovered, "a sequence was started without the blocks that it needs")
            reserved += missingBlocks(of: sequence) + 1
            running.insertBySeniority(sequence)
        }
    }

    /// Blocks that the known tokens still need.
    private func missingBlocks(of sequence: SequenceState) -> Int {
        pool.blocks(forTokens: sequence.known) - sequence.blocks.count
    }

    /// Whether a running sequence has yet to compute this block: better to wait than to compute it twice.
    private func isBeingComputed(_ keys: [BlockKey], block: Int) -> Bool {
        guard block < keys.count else { return false }
        return running.contains {
            block < $0.keys.count && $0.computed < (block + 1) * pool.blockSize && $0.keys[block] == keys[block]
        }
    }

    /// Shares the found blocks. The last known token is computed in any case, for its logits.
    private mutating func takePrefix(of sequence: inout SequenceState, found: Int) {
        for key in sequence.keys.prefix(found) {
            guard let block = pool.block(for: key) else { break }
            pool.retain(block)
            sequence.blocks.append(block)
        }
        sequence.computed = min(sequence.blocks.count * pool.blockSize, sequence.known - 1)
        prefixHitTokens += sequence.computed
    }
}
