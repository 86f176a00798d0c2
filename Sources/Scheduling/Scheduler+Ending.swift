extension Scheduler {
    /// Ends a sequence. One that is in flight keeps its blocks, which are being written, until its step is complete.
    ///
    /// - Returns: false if there is none, or if it was cancelled already.
    @discardableResult
    public mutating func cancel(_ id: SequenceID) -> Bool {
        if let place = waiting.position(of: id) {
            waiting.remove(at: place)
            return true
        }
        guard let place = running.position(of: id), !running[place].isEnding else { return false }
        if isStepInFlight, running[place].scheduled > 0 {
            running[place].isEnding = true
        } else {
            pool.release(table: running.remove(at: place).blocks)
        }
        return true
    }

    /// Cancels the sequences whose deadline is at or before `now`. O(sequences).
    ///
    /// - Returns: their names.
    public mutating func expire(now: UInt64) -> [SequenceID] {
        var expired: [SequenceID] = []
        for sequence in running where !sequence.isEnding && sequence.isDue(now) { expired.append(sequence.id) }
        for sequence in waiting where sequence.isDue(now) { expired.append(sequence.id) }
        for id in expired { cancel(id) }
        return expired
    }
}

extension SequenceState {
    fileprivate func isDue(_ now: UInt64) -> Bool { deadline.map { $0 <= now } ?? false }
}
