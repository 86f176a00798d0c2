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
            source.activateAndWait()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
}

extension DispatchSourceSignal {
    /// Activates, and returns when signals are seen: those that come before, ignored as they are, would be lost.
    func activateAndWait() {
        let isSeen = DispatchSemaphore(value: 0)
        setRegistrationHandler { isSeen.signal() }
        activate()
        isSeen.wait()
    }
}
