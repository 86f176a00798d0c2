import Foundation
import Synchronization

/// Who was given up: heard from any thread, seen by the engine between its steps.
///
/// A step that serves nobody any more, which may run for seconds, is stopped; one that still serves others goes on to
/// its end.
final class StepCanceller: Sendable {
    private struct State {
        /// Requests in the step that runs.
        var running: Set<UInt64> = []
        /// Requests that have not ended. A cancellation that comes too late for its request leaves nothing behind.
        var open: Set<UInt64> = []
        var cancelled: Set<UInt64> = []

        /// Nobody waits for the step.
        var isPointless: Bool { !running.isEmpty && running.isSubset(of: cancelled) }
    }

    private let stop: (@Sendable () -> Void)?
    private let state = Mutex(State())

    /// - Parameter stop: ends the step that runs.
    init(_ stop: (@Sendable () -> Void)?) { self.stop = stop }

    /// Makes a request known, before anyone can cancel it.
    func open(_ id: UInt64) { state.withLock { _ = $0.open.insert(id) } }

    /// Forgets a request that has ended.
    func close(_ id: UInt64) {
        state.withLock { state in
            state.open.remove(id)
            state.cancelled.remove(id)
        }
    }

    /// Notes a cancellation, and stops the step if nobody is left in it. From any thread.
    func cancel(_ id: UInt64) {
        state.withLock { state in
            guard state.open.contains(id) else { return }
            state.cancelled.insert(id)
            if state.isPointless { stop?() }
        }
    }

    /// Requests that were cancelled and have not been closed.
    var pending: Set<UInt64> { state.withLock { $0.cancelled } }
    /// Requests that have not been closed.
    var openCount: Int { state.withLock { $0.open.count } }

    /// Runs a step of some requests.
    ///
    /// - Throws: what `body` throws; `CancellationError` where that follows from all of them being cancelled.
    func run<Result>(_ ids: Set<UInt64>, _ body: () throws -> Result) throws -> Result {
        try state.withLock { state in
            state.running = ids
            guard state.isPointless else { return }
            state.running = []
            throw CancellationError()
        }
        defer { state.withLock { $0.running = [] } }
        do { return try body() } catch {
            if state.withLock({ $0.isPointless }) { throw CancellationError() }
            throw error
        }
    }
}
