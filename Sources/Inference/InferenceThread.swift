import Foundation

/// Runs an actor's jobs on one thread of its own: inference blocks for seconds and must not hold a thread of the
/// cooperative pool.
///
/// `@unchecked Sendable`: the queue is a constant and serialises by itself.
final class InferenceThread: SerialExecutor, @unchecked Sendable {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label, qos: .userInitiated)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
