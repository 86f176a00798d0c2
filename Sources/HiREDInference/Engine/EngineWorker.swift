import Foundation
import Synchronization

/// The thread that owns an engine: takes jobs in between its steps and works as long as there is something to do.
///
/// `@unchecked Sendable`: the engine is touched on the serial queue alone; the mail is guarded by a lock.
final class EngineWorker: @unchecked Sendable {
    typealias Job = @Sendable (Engine) -> Void

    private struct Mail {
        var jobs: [Job] = []
        var isRunning = false
    }

    private let engine: Engine
    private let queue = DispatchQueue(label: "hired.engine", qos: .userInitiated)
    private let mail = Mutex(Mail())

    init(_ engine: sending Engine) { self.engine = engine }

    /// Runs a job between two steps. Returns at once; jobs keep their order.
    func post(_ job: @escaping Job) {
        let starts = mail.withLock { mail in
            mail.jobs.append(job)
            defer { mail.isRunning = true }
            return !mail.isRunning
        }
        if starts { queue.async { self.run() } }
    }

    /// Runs a job between two steps and waits for what it gives.
    func perform<Result: Sendable>(_ body: @escaping @Sendable (Engine) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            post { engine in continuation.resume(with: Swift.Result { try body(engine) }) }
        }
    }

    private func run() {
        // Whether the last turn left something that does not wait for others.
        var goesOn = true
        while true {
            let jobs = mail.withLock { mail in
                defer { mail.jobs = [] }
                // Idle only when nothing came since: whoever posts next starts the queue again.
                if mail.jobs.isEmpty, !(goesOn && engine.hasWork) { mail.isRunning = false }
                return mail.isRunning ? mail.jobs : nil
            }
            guard let jobs else { return }
            for job in jobs { job(engine) }
            goesOn = engine.hasWork ? engine.iterate() : true
        }
    }
}
