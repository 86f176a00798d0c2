import Foundation
import OpenVINO
import Scheduling

/// Stops the step of a cancelled request that has it to itself, which may run for seconds. A step shared with others
/// goes on to its end.
///
/// `@unchecked Sendable`: what changes is guarded by the lock.
final class StepCanceller: @unchecked Sendable {
    private let canceller: InferRequest.Canceller
    private let lock = NSLock()
    private var running: SequenceID?
    private var cancelled: Set<SequenceID> = []

    init(_ canceller: InferRequest.Canceller) { self.canceller = canceller }

    /// Runs a step that belongs to one sequence, or to several (nil). An error that follows from a cancellation becomes
    /// `CancellationError`.
    func run<Result>(_ id: SequenceID?, _ body: () throws -> Result) throws -> Result {
        lock.withLock { running = id }
        defer { lock.withLock { running = nil } }
        do { return try body() } catch {
            if let id, lock.withLock({ cancelled.contains(id) }) { throw CancellationError() }
            throw error
        }
    }

    /// Notes a cancellation, and stops the step if it is this sequence's alone. From any thread.
    func cancel(_ id: SequenceID) {
        lock.withLock {
            cancelled.insert(id)
            if running == id { canceller.cancel() }
        }
    }

    /// Whether a request was cancelled; forgets it.
    func takeCancelled(_ id: SequenceID) -> Bool { lock.withLock { cancelled.remove(id) != nil } }
}
