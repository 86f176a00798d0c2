import Foundation
import OpenVINO

/// Stops the step of a cancelled request, which would otherwise run on for seconds, and no other request's.
///
/// `@unchecked Sendable`: what changes is guarded by the lock.
final class RequestCanceller: @unchecked Sendable {
    private let canceller: InferRequest.Canceller
    private let lock = NSLock()
    private var running: UUID?

    init(_ canceller: InferRequest.Canceller) { self.canceller = canceller }

    /// Runs `body` as the request `id`. An error that follows from its cancellation becomes `CancellationError`.
    func run<Result>(_ id: UUID, _ body: () throws -> Result) throws -> Result {
        lock.withLock { running = id }
        defer { lock.withLock { running = nil } }
        do { return try body() } catch {
            if Task.isCancelled { throw CancellationError() }
            throw error
        }
    }

    /// Does nothing unless the request is running.
    func cancel(_ id: UUID) {
        lock.withLock { if running == id { canceller.cancel() } }
    }
}
