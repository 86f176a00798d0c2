import Dispatch
import Foundation
import Synchronization

/// Turns the first interrupt (Ctrl-C, or a polite request to end) into a flag, so that work can be undone. The second
/// one ends the program at once.
final class Interrupt {
    private final class Flag: Sendable {
        let raised = Atomic(false)
    }

    private let flag = Flag()
    private let sources: [any DispatchSourceSignal]

    var isRaised: Bool { flag.raised.load(ordering: .relaxed) }

    init() {
        let flag = flag
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if flag.raised.exchange(true, ordering: .relaxed) { exit(ExitStatus.interrupted.rawValue) }
            }
            source.activate()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
}
