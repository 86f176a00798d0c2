import Foundation
import Scheduling
import Synchronization
import VisionEncoding

/// One request as its caller sees it: what it is told, and how it is ended from outside.
///
/// Open until the request ends. A cancellation or a deadline closes it at once for the caller, in any stage and while
/// the model is in a step; whoever holds something for the request sees that it is closed and lets go.
final class RequestChannel: Sendable {
    let id: UInt64
    /// When it was asked for.
    let start: ContinuousClock.Instant
    private let sink: @Sendable (GenerationEvent) -> Void
    private let end: @Sendable ((any Error)?) -> Void

    private struct State {
        var isOpen = true
        /// What has been told so far, for a request that is given up.
        var partial: GenerationResult
        var onClose: (@Sendable (UInt64) -> Void)?
        /// Why it was ended from outside.
        var reason: (any Error)?
        var deadline: (any DispatchSourceTimer)?

        /// Nothing more is told. A deadline that was not disarmed would be held until its time, long after the request.
        mutating func close() {
            isOpen = false
            onClose = nil
            deadline?.cancel()
            deadline = nil
        }
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - sink: receives events, one at a time.
    ///   - end: receives an error, or nil after `.finished`.
    init(
        id: UInt64, answers: Int, start: ContinuousClock.Instant = .now,
        sink: @escaping @Sendable (GenerationEvent) -> Void, end: @escaping @Sendable ((any Error)?) -> Void
    ) {
        self.id = id
        self.start = start
        self.sink = sink
        self.end = end
        state = Mutex(
            State(
                partial: GenerationResult(
                    answers: Array(repeating: .init(), count: min(max(answers, 1), GenerationRequest.maximumAnswers)),
                    promptTokens: 0, reusedTokens: 0,
                    images: [], timings: Timings(), cacheBytes: 0)))
    }

    var isOpen: Bool { state.withLock { $0.isOpen } }
    var elapsed: Double { (ContinuousClock.now - start) / .milliseconds(1) }

    /// Why the request was ended from outside: a cancellation, or its deadline.
    var closingError: any Error { state.withLock { $0.reason } ?? CancellationError() }

    /// - Throws: the reason once the request has been ended from outside.
    func check() throws { guard isOpen else { throw closingError } }

    /// Called once, when the request is cancelled or its deadline passes; at once if that has happened.
    func onClose(_ body: @escaping @Sendable (UInt64) -> Void) {
        let isOpen = state.withLock { state in
            if state.isOpen { state.onClose = body }
            return state.isOpen
        }
        if !isOpen { body(id) }
    }

    func emit(_ event: GenerationEvent) {
        // Told under the lock: nothing may follow the end.
        state.withLock { state in
            guard state.isOpen else { return }
            switch event {
            case .counted(let count): state.partial.promptTokens = count.promptTokens
            case .selected(_, let tokens): state.partial.images.append(tokens)
            case .token(let token):
                state.partial.answers[token.answer].text += token.text
                state.partial.answers[token.answer].tokens.append(token.id)
                if let reason = token.finishReason { state.partial.answers[token.answer].finishReason = reason }
                if let logprobs = token.logprobs {
                    state.partial.answers[token.answer].logprobs =
                        (state.partial.answers[token.answer].logprobs ?? []) + [logprobs]
                }
            default: break
            }
            sink(event)
        }
    }

    /// Ends a request from inside: with its result, or an error.
    func finish(_ result: Result<GenerationResult?, any Error>) {
        state.withLock { state in
            guard state.isOpen else { return }
            state.close()
            switch result {
            case .success(let result):
                if let result { sink(.finished(result)) }
                end(nil)
            case .failure(let error): end(error)
            }
        }
    }

    /// Gives a request up. Its last event says so, with what there was of its answers.
    func cancel() {
        close(CancellationError()) { state in
            state.partial.timings.total = elapsed
            sink(.finished(state.partial))
            end(nil)
        }
    }

    /// Ends a request whose time is over.
    func expire(seconds: Double) {
        let error = InferenceError.deadlineExceeded(seconds: seconds)
        close(error) { _ in end(error) }
    }

    private func close(_ reason: any Error, _ tell: (inout State) -> Void) {
        let notify = state.withLock { state -> (@Sendable (UInt64) -> Void)? in
            guard state.isOpen else { return nil }
            let notify = state.onClose
            state.close()
            state.reason = reason
            tell(&state)
            return notify
        }
        notify?(id)
    }

    /// Whether a deadline counts.
    var isArmed: Bool { state.withLock { $0.deadline != nil } }

    /// Lets a deadline count from now, once. Beyond a year it is none.
    func arm(deadlineSeconds seconds: Double?) {
        guard let seconds, seconds < 3e7 else { return }
        state.withLock { state in
            guard state.isOpen, state.deadline == nil else { return }
            let timer = DispatchSource.makeTimerSource()
            timer.setEventHandler { [weak self] in self?.expire(seconds: seconds) }
            timer.schedule(deadline: .now() + seconds)
            timer.resume()
            state.deadline = timer
        }
    }
}
