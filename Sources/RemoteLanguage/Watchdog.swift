import HiREDInference
import Synchronization

/// Ends an exchange in which nothing happens for too long.
final class Watchdog: Sendable {
    private struct State {
        var what: String
        var seconds: Double
        var deadline: ContinuousClock.Instant
    }

    private let url: String
    private let state: Mutex<State>

    init(url: String, what: String, seconds: Double) {
        self.url = url
        state = Mutex(State(what: what, seconds: seconds, deadline: ContinuousClock.now + .seconds(seconds)))
    }

    /// Something has happened; the next thing is to happen within so many seconds.
    func expect(_ what: String, within seconds: Double) {
        state.withLock { $0 = State(what: what, seconds: seconds, deadline: ContinuousClock.now + .seconds(seconds)) }
    }

    /// Returns never.
    ///
    /// - Throws: `RemoteLanguageError.timedOut`; `CancellationError` with the task.
    func watch() async throws {
        while true {
            let (what, seconds, deadline) = state.withLock { ($0.what, $0.seconds, $0.deadline) }
            guard deadline > ContinuousClock.now else {
                throw RemoteLanguageError.timedOut(url: url, what: what, seconds: seconds)
            }
            try await Task.sleep(until: deadline, clock: .continuous)
        }
    }
}
