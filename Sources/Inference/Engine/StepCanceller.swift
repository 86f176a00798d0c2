import Foundation
import OpenVINO
import Scheduling

/// Who was cancelled: heard from any thread, seen by the engine between its steps.
///
/// The step of a cancelled request that has it to itself, which may run for seconds, is stopped; a step shared with
/// others goes on to its end.
///
/// `@unchecked Sendable`: what changes is guarded by the lock.
final class StepCanceller: @unchecked Sendable {
    private let canceller: InferRequest.Canceller
    private let lock = NSLock()
    private var running: SequenceID?
    /// Requests that have not ended. A cancellation that comes too late for its request leaves nothing behind.
    private var open: Set<SequenceID> = []
    private var cancelled: Set<SequenceID> = []

    init(_ canceller: InferRequest.Canceller) { self.canceller = canceller }

    /// Makes a request known, before anyone can cancel it.
    func open(_ id: SequenceID) { _ = lock.withLock { open.insert(id) } }

    /// Forgets a request that has ended.
    func close(_ id: SequenceID) {
        lock.withLock {
            open.remove(id)
            cancelled.remove(id)
        }
    }

    /// Notes a cancellation, and stops the step if it is this sequence's alone. From any thread.
    func cancel(_ id: SequenceID) {
        lock.withLock {
            guard open.contains(id) else { return }
            cancelled.insert(id)
            if running == id { canceller.cancel() }
        }
    }

    func isCancelled(_ id: SequenceID) -> Bool { lock.withLock { cancelled.contains(id) } }

    /// Requests that were cancelled and have not been closed.
    var pending: Set<SequenceID> { lock.withLock { cancelled } }
    /// Requests that have not been closed.
    var openCount: Int { lock.withLock { open.count } }

    /// Runs a step that belongs to one sequence, or to several (nil). An error that follows from a cancellation becomes
    /// `CancellationError`.
    func run<Result>(_ id: SequenceID?, _ body: () throws -> Result) throws -> Result {
        try lock.withLock {
            if let id, cancelled.contains(id) { throw CancellationError() }
            running = id
        }
        defer { lock.withLock { running = nil } }
        do { return try body() } catch {
            if let id, isCancelled(id) { throw CancellationError() }
            throw error
        }
    }
}
