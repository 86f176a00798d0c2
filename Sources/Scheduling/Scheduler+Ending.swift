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

    /// Ends a sequence of the step in flight whose entry failed: nothing that it was to write can be relied on. It has no
    /// outcome; its blocks are let go when the step is complete, and none of them becomes findable.
    public mutating func fail(_ id: SequenceID) {
        precondition(isStepInFlight, "only an entry of a step can fail")
        guard let place = running.position(of: id), running[place].scheduled > 0 else { return }
        running[place].scheduled = 0
        running[place].isEnding = true
    }
}
