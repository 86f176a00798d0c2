import HTTPTypes
import HiREDInference
import OrderedJSON

/// Writes the events of an answer as OpenAI's chunks, with signs of life in between.
struct AnswerStream: Sendable {
    let chat: ChatRequest
    let completion: Completion
    let errors: ErrorTranslation
    let context: ServerContext
    let pingSeconds: Double

    private enum Item: Sendable {
        case event(GenerationEvent)
        case failure(any Error)
        case ping
    }

    /// - Throws: what writing throws. Errors of the answer are told in the stream.
    func write(early: [GenerationEvent], _ answer: Generation, to events: inout EventStreamWriter) async throws {
        // Gathered, so that the wait for an event can be interrupted by a ping without giving the answer up.
        let (items, source) = AsyncStream<Item>.makeStream()
        for event in early { source.yield(.event(event)) }
        let reading = Task {
            do { for try await event in answer { source.yield(.event(event)) } } catch { source.yield(.failure(error)) }
            source.finish()
        }
        let pinging = Task { [pingSeconds] in
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(pingSeconds))
                source.yield(.ping)
            }
        }
        defer {
            pinging.cancel()
            reading.cancel()
            answer.cancel()
        }
        try await withTaskCancellationHandler {
            for await item in items {
                switch item {
                case .event(let event): try await send(event, to: &events)
                case .failure(let error): try await fail(error, to: &events)
                case .ping:
                    if ContinuousClock.now - events.lastWrite >= .seconds(pingSeconds * 0.9) { try await events.ping() }
                }
            }
        } onCancel: {
            answer.cancel()
        }
    }

    private func send(_ event: GenerationEvent, to events: inout EventStreamWriter) async throws {
        switch event {
        case .accepted(let place):
            try await note("accepted", ["queue_place": .integer(place)], to: &events)
        case .counted(let count):
            try await note(
                "counted",
                [
                    "prompt_tokens": .integer(count.promptTokens),
                    "image_tokens": [
                        "full": .integer(count.images.reduce(0) { $0 + $1.full }),
                        "planned": .integer(count.images.reduce(0) { $0 + $1.planned }),
                    ],
                ], to: &events)
            for choice in 0..<chat.answerCount {
                try await chunk(choice, ["role": "assistant", "content": "", "refusal": .null], to: &events)
            }
        case .encoding(let image, let view, let count):
            try await note(
                "encoding", ["picture": .integer(image), "view": .integer(view + 1), "views": .integer(count)],
                to: &events)
        case .selected(let image, let tokens):
            try await note(
                "selected", ["picture": .integer(image), "selection": TokenReports.selection(tokens)], to: &events)
        case .prefill(let done, let total):
            try await note("prefill", ["done": .integer(done), "total": .integer(total)], to: &events)
        case .token(let token):
            let logprobs = token.logprobs.map { [$0] }
            if !token.text.isEmpty || logprobs != nil {
                try await chunk(token.answer, ["content": .string(token.text)], logprobs: logprobs, to: &events)
            }
            if let reason = token.finishReason { try await chunk(token.answer, [:], finishReason: reason, to: &events) }
        case .finished(let result):
            context.facts.note(result)
            // Given up: the reader has gone, or the server stops. A finish reason would be a lie.
            guard result.finishReason != .cancelled else {
                return try await fail(
                    APIError(.serviceUnavailable, .server, "the answer was given up", code: "cancelled"), to: &events)
            }
            try await note("timings", Completion.timings(result), to: &events)
            if chat.includesUsage { try await events.send(completion.usage(result)) }
            try await events.done()
        }
    }

    private func chunk(
        _ answer: Int, _ delta: JSONValue, finishReason: GenerationResult.FinishReason? = nil,
        logprobs: [TokenLogprobs]? = nil, to events: inout EventStreamWriter
    ) async throws {
        try await events.send(
            completion.chunk(
                answer, delta: delta, finishReason: finishReason, logprobs: logprobs, includesUsage: chat.includesUsage)
        )
    }

    /// One of our own events, for those who asked for them.
    private func note(_ name: String, _ value: JSONValue, to events: inout EventStreamWriter) async throws {
        guard chat.includesVisualTokens else { return }
        try await events.send(value, name: "visual_tokens." + name)
    }

    private func fail(_ error: any Error, to events: inout EventStreamWriter) async throws {
        let told = errors.error(for: error)
        context.facts.update { $0.outcome = told.code ?? "error" }
        try await events.send(told.body)
        try await events.done()
    }
}
