import Foundation
import HTTPTypes
import HiREDInference
import Hummingbird
import HummingbirdCore
import NIOCore
import OrderedJSON

/// Answers `POST /v1/chat/completions`.
struct ChatHandler: Sendable {
    let served: ServedModel
    let options: ServerOptions
    let intake: RequestIntake
    let errors: ErrorTranslation

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try served.loaded()
        let builder = RequestBuilder(options: options)
        let (chat, generation) = try await intake.chat(request, context) { chat, pictures in
            try builder.generation(chat, pictures: pictures, defaults: model.defaultSampling)
        }
        if options.limits.promptTokens != nil { try builder.check(model.count(generation)) }
        context.facts.update { $0.model = chat.model.written }
        let completion = Completion(id: context.facts.id, model: chat.model.written, tokenizer: model.tokenizer)
        let answer = model.generate(generation)
        context.watch?.onClose { answer.cancel() }
        return chat.streams
            ? try await stream(answer, of: chat, completion, context)
            : try await whole(answer, completion, context)
    }

    private func whole(_ answer: Generation, _ completion: Completion, _ context: ServerContext) async throws
        -> Response
    {
        for try await case .finished(let result) in answer {
            context.facts.note(result)
            guard result.finishReason != .cancelled else { throw cancellation(context) }
            return JSONAnswer.response(completion.whole(result))
        }
        throw CancellationError()
    }

    /// Why an answer was given up: its reader has gone, or the server stops.
    private func cancellation(_ context: ServerContext) -> APIError {
        if context.watch?.isClosed ?? false { return .clientGone }
        return APIError(
            .serviceUnavailable, .server, "the server stops, and the answer was given up", code: "shutting_down",
            retryAfterSeconds: 5)
    }

    private func stream(
        _ answer: Generation, of chat: ChatRequest, _ completion: Completion, _ context: ServerContext
    ) async throws -> Response {
        // What is wrong with a request is told by a status, so the stream begins once it is counted.
        let events = answer.makeAsyncIterator()
        var early: [GenerationEvent] = []
        while let event = try await events.next() {
            early.append(event)
            if case .counted = event { break }
            if case .finished(let result) = event {
                context.facts.note(result)
                throw cancellation(context)
            }
        }
        let stream = AnswerStream(
            chat: chat, completion: completion, errors: errors, context: context, pingSeconds: options.timeouts.ping)
        let response = Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-cache",
                // Proxies are not to gather what is streamed.
                .named("X-Accel-Buffering"): "no",
            ],
            body: ResponseBody { [early] writer in
                var events = EventStreamWriter(writer)
                try await stream.write(early: early, answer, to: &events)
                try await events.finish()
            })
        return response
    }
}
