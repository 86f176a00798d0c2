import HiREDInference
import Synchronization

/// What is done ahead while a person types, so that the answer begins sooner.
struct ChatWarmUp {
    private let task: Task<Void, Never>
    private let isWatched = Watched()
    /// Whether the next question needs all of it.
    private let isRehearsal: Bool

    private final class Watched: Sendable {
        let value = Mutex(false)
    }

    /// Has pictures encoded, and all that a question stands behind read, by a question of one token whose answer nobody
    /// sees. Weights are repacked on the way. What goes wrong is told with the question itself.
    init(rehearsing request: GenerationRequest, with model: VisionLanguageModel) {
        isRehearsal = true
        let watched = isWatched
        task = Task {
            do {
                for try await event in model.generate(request) where watched.value.withLock({ $0 }) {
                    Progress.show(event)
                }
            } catch {}
        }
    }

    /// Has weights repacked, before there is anything to ask about.
    init(_ model: VisionLanguageModel) {
        isRehearsal = false
        task = Task { _ = try? await model.warmUp() }
    }

    /// Before a question: lets a rehearsal come to its end, since the question would begin with the same, and gives a
    /// bare warm-up up.
    func finish(_ interrupt: ChatInterrupt) async throws {
        guard isRehearsal else { return task.cancel() }
        isWatched.value.withLock { $0 = true }
        let task = task
        try await interrupt.running {
            await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
            try Task.checkCancellation()
        }
        Progress.clear()
    }

    func cancel() { task.cancel() }
}
