import Synchronization

/// Events between the engine's thread and whoever reads them. Unbounded: an answer is short, and who does not read it
/// must not hold up others.
final class EventBuffer: Sendable {
    private struct State {
        var events: [GenerationEvent] = []
        /// Events that were taken out, still in the array.
        var taken = 0
        var end: Result<Void, any Error>?
        var reader: CheckedContinuation<GenerationEvent?, any Error>?
    }

    private let state = Mutex(State())

    func push(_ event: GenerationEvent) {
        state.withLock { state in
            guard state.end == nil else { return }
            if let reader = state.reader {
                state.reader = nil
                reader.resume(returning: event)
            } else {
                state.events.append(event)
            }
        }
    }

    /// Nothing comes after it.
    func finish(_ error: (any Error)?) {
        state.withLock { state in
            guard state.end == nil else { return }
            state.end = error.map { .failure($0) } ?? .success(())
            if let reader = state.reader {
                state.reader = nil
                Self.resume(reader, with: &state)
            }
        }
    }

    /// The next event; nil at the end. One reader at a time: a second one ends the first.
    func next() async throws -> GenerationEvent? {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { state in
                state.reader?.resume(returning: nil)
                state.reader = nil
                if state.taken < state.events.count {
                    continuation.resume(returning: state.events[state.taken])
                    state.taken += 1
                    if state.taken == state.events.count {
                        state.events.removeAll(keepingCapacity: true)
                        state.taken = 0
                    }
                } else if state.end != nil {
                    Self.resume(continuation, with: &state)
                } else {
                    state.reader = continuation
                }
            }
        }
    }

    private static func resume(
        _ reader: CheckedContinuation<GenerationEvent?, any Error>, with state: inout sending State
    ) {
        switch state.end {
        // An error is told once.
        case .failure(let error):
            state.end = .success(())
            reader.resume(throwing: error)
        default: reader.resume(returning: nil)
        }
    }
}
