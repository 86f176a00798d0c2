import Foundation
import HiREDInference
import Synchronization

/// One line of progress on a terminal; nothing in a pipe.
enum Progress {
    static let isShown = isatty(STDERR_FILENO) == 1

    /// Whether a line of progress stands there: only such a line is cleared, and never what was printed since.
    private static let stands = Atomic(false)

    static func show(_ text: String) {
        guard isShown else { return }
        stands.store(true, ordering: .relaxed)
        Output.status("\r\u{1B}[K\(text)")
    }

    static func clear() {
        guard stands.exchange(false, ordering: .relaxed) else { return }
        Output.status("\r\u{1B}[K")
    }

    static func show(_ event: GenerationEvent) {
        switch event {
        case .encoding(_, let view, let count): show("looking: view \(view + 1) of up to \(count) …")
        case .prefill(let done, let total): show("reading: \(done) of \(total) tokens …")
        case .accepted, .counted, .selected, .token, .finished: break
        }
    }

    static func show(_ progress: WarmUpProgress) {
        show("measuring this machine: \(progress.done + 1) of \(progress.total) …")
    }
}
