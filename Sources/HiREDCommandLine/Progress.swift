import Foundation
import Inference

/// One line of progress on a terminal; nothing in a pipe.
enum Progress {
    static let isShown = isatty(STDERR_FILENO) == 1

    static func show(_ text: String) {
        guard isShown else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }

    static func clear() { if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) } }

    static func show(_ stage: GenerationEvent.Stage) {
        switch stage {
        case .vision(_, let view, let count): show("looking: view \(view + 1) of up to \(count) …")
        case .prefill(let tokens): show("reading \(tokens) tokens …")
        }
    }

    static func show(_ progress: WarmUpProgress) {
        show("measuring this machine: \(progress.done + 1) of \(progress.total) …")
    }
}
