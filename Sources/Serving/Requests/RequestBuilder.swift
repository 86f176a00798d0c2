import Crypto
import Foundation
import HTTPTypes
import HiREDInference

/// From what a request says to what the engine takes.
struct RequestBuilder: Sendable {
    let options: ServerOptions

    var rules: ChatRequest.Rules {
        ChatRequest.Rules(modelName: options.modelName, mostPictures: options.limits.images)
    }

    /// - Parameter pictures: the bytes of the request's pictures, in order.
    /// - Throws: `APIError`, `HiREDError`, `InferenceError`.
    func generation(
        _ request: ChatRequest, pictures: [Data], defaults: SamplingOptions
    ) throws -> GenerationRequest {
        let selection = request.visualTokens.options(over: options.selection)
        var generation = GenerationRequest(
            .chat(request.messages, template: nil),
            images: pictures.enumerated().map { .data($1, name: "picture \($0 + 1)") }, selection: selection,
            sampling: request.sampling.options(over: defaults),
            maximumTokens: request.maximumTokens ?? options.answerTokens)
        for (place, picture) in request.pictures.enumerated() {
            if let own = picture.visualTokens { generation.selections[place] = own.options(over: selection) }
        }
        generation.answerCount = request.answerCount
        generation.deadlineSeconds = options.timeouts.request
        generation.autoBudget = try autoBudget(request.visualTokens)
        try generation.sampling.validate()
        return generation
    }

    /// The targets of an automatic budget: the request's own, or the server's. A target alone asks for such a budget.
    func autoBudget(_ fields: VisualTokenFields) throws -> AutoBudget? {
        let given = fields.maximumSecondsToFirstToken != nil || fields.maximumBytes != nil
        let isAuto = fields.budget.map { $0 == .auto } ?? (given || options.usesAutoBudget)
        guard isAuto else {
            guard !given else {
                throw APIError.invalid(
                    "visual_tokens.max_ttft",
                    "targets are met by an automatic budget; leave the budget out, or give \"auto\"")
            }
            return nil
        }
        let targets =
            given
            ? AutoBudget(
                maximumSecondsToFirstToken: fields.maximumSecondsToFirstToken, maximumBytes: fields.maximumBytes)
            : options.autoBudget
        guard let targets else {
            throw APIError.invalid(
                "visual_tokens.budget",
                "an automatic budget needs a target, and this server has none of its own; give max_ttft in seconds or "
                    + "max_memory in bytes in visual_tokens")
        }
        try targets.validate()
        return targets
    }

    /// Refuses prompts beyond the server's own limit.
    func check(_ count: PromptCount) throws(APIError) {
        guard let most = options.limits.promptTokens, count.promptTokens > most else { return }
        throw APIError(
            .badRequest,
            "the prompt has \(count.promptTokens) tokens, and this server takes \(most); give a smaller budget "
                + "or a shorter text", parameter: "messages", code: "context_length_exceeded")
    }
}
