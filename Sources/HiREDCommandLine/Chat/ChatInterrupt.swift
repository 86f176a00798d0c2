import Dispatch
import Foundation
import Synchronization

/// Ctrl-C stops what is running, and ends the program where nothing is; a polite request to end always does. Either way
/// the terminal is given back as it was. Where lines come from a pipe, signals mean what they mean to every program.
final class ChatInterrupt {
    private final class State: Sendable {
        /// What stops the work that is running.
        let stop = Mutex<(@Sendable () -> Void)?>(nil)
    }

    private let state = State()
    private let sources: [any DispatchSourceSignal]

    init() {
        let state = state
        sources = (Terminal.readsPerson ? [SIGINT, SIGTERM, SIGHUP] : []).map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if number == SIGINT, let stop = state.stop.withLock({ $0 }) { return stop() }
                // The prompt's line ends here.
                Output.status("\n")
                Self.leave(.interrupted)
            }
            source.activate()
            return source
        }
    }

    /// Ends the program at once: the model may be in a step, and nothing is buffered.
    static func leave(_ status: ExitStatus? = nil) -> Never {
        Terminal.restore()
        _exit(status?.rawValue ?? 0)
    }

    /// Runs something that Ctrl-C stops: its task is cancelled.
    func running<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task(operation: body)
        state.stop.withLock { $0 = { task.cancel() } }
        defer { state.stop.withLock { $0 = nil } }
        return try await task.value
    }
}
