import Dispatch
import Foundation
import Synchronization

/// Ctrl-C stops what a line asked for, and ends the program at the prompt; a polite request to end always does. Either way
/// the terminal is given back as it was. Where lines come from a pipe, signals mean what they mean to every program.
final class ChatInterrupt {
    private struct State {
        /// A line is obeyed.
        var isBusy = false
        /// Ctrl-C was pressed since it is.
        var isRaised = false
        /// What stops the work that is running.
        var stop: (@Sendable () -> Void)?
    }

    private final class Shared: Sendable {
        let state = Mutex(State())

        /// Whether there is something that a Ctrl-C stops.
        func raise() -> Bool {
            state.withLock { state in
                state.isRaised = true
                state.stop?()
                return state.isBusy
            }
        }
    }

    private let shared = Shared()
    private let sources: [any DispatchSourceSignal]

    init() {
        let shared = shared
        sources = (Terminal.readsPerson ? [SIGINT, SIGTERM, SIGHUP] : []).map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if number == SIGINT, shared.raise() { return }
                // The prompt's line ends here.
                Output.status("\n")
                Self.leave(.interrupted)
            }
            source.activateAndWait()
            return source
        }
    }

    /// Ends the program at once: the model may be in a step, and nothing is buffered.
    static func leave(_ status: ExitStatus? = nil) -> Never {
        Terminal.restore()
        _exit(status?.rawValue ?? 0)
    }

    /// Before a line is obeyed, and after.
    func setBusy(_ isBusy: Bool) { shared.state.withLock { $0 = State(isBusy: isBusy) } }

    /// Runs something that Ctrl-C stops: its task is cancelled.
    func running<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task(operation: body)
        let isRaised = shared.state.withLock { state in
            state.stop = { task.cancel() }
            return state.isRaised
        }
        defer { shared.state.withLock { $0.stop = nil } }
        // Between two pieces of work.
        if isRaised { task.cancel() }
        return try await task.value
    }
}
