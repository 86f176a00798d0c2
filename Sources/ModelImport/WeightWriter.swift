import Checkpoints
import Foundation
import ModelGraphs
import Synchronization

/// Writes the weights of all graphs, tensors shared out over threads.
struct WeightWriter {
    let plans: [GraphPlan]
    let output: OutputFolder
    let progress: (ModelImporter.Progress) throws -> Void

    /// What the threads share.
    private struct State {
        var next = 0
        var done = 0
        var hashes: [[String]]
        var failure: (any Error)?
    }

    /// - Returns: SHA-256 of every tensor's source values, in the order of plans and items.
    /// - Throws: the first failure of any thread.
    func run(threads: Int?) throws -> [[String]] {
        let plans = plans
        let files = try plans.map { plan in
            let file = try output.makeFile(plan.part.binName, byteCount: plan.byteCount)
            try plan.graph.constants.withUnsafeBytes { try file.write($0, at: plan.graph.constantsOffset) }
            return file
        }
        // The largest first, so that no thread is left with a long one at the end.
        let jobs = plans.indices.flatMap { plan in
            plans[plan].items.indices.map { (plan: plan, item: $0, size: plans[plan].items[$0].entry.byteCount) }
        }.sorted { $0.size > $1.size }
        let total = jobs.reduce(0) { $0 + $1.size }
        let state = Mutex(State(hashes: plans.map { [String](repeating: "", count: $0.items.count) }))
        let threads = max(min(threads ?? ProcessInfo.processInfo.activeProcessorCount, jobs.count), 1)
        // concurrentPerform returns when all threads are done; `progress` is called under the lock.
        nonisolated(unsafe) let report = progress
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            let converter = TensorConverter()
            while true {
                let job = state.withLock { state -> (plan: Int, item: Int, size: Int)? in
                    guard state.failure == nil, state.next < jobs.count else { return nil }
                    defer { state.next += 1 }
                    return jobs[state.next]
                }
                guard let job else { return }
                do {
                    let hash = try converter.convert(plans[job.plan].items[job.item], to: files[job.plan]) { bytes in
                        try state.withLock { state in
                            if let failure = state.failure { throw failure }
                            state.done += bytes
                            do { try report(ModelImporter.Progress(done: state.done, total: total)) } catch {
                                // Before the lock is free: nobody reports once it was told to stop.
                                state.failure = error
                                throw error
                            }
                        }
                    }
                    state.withLock { $0.hashes[job.plan][job.item] = hash }
                } catch {
                    state.withLock { if $0.failure == nil { $0.failure = error } }
                    return
                }
            }
        }
        let (hashes, failure) = state.withLock { ($0.hashes, $0.failure) }
        if let failure { throw failure }
        for file in files { try file.synchronize() }
        return hashes
    }
}
