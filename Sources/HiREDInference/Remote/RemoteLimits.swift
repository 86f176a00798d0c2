import Failures

extension SamplingOptions {
    /// Refuses what a language model elsewhere cannot do with embeddings in the place of tokens, or what its API has no
    /// words for.
    ///
    /// - Parameter generation: the setting that would leave these options out, where they are the model's own.
    /// - Throws: `InferenceError.invalidOption`.
    func checkRemote(generation: GenerationSettings?) throws {
        func refuse(_ parameter: Parameter, _ value: String, _ why: String) -> InferenceError {
            .invalidOption(
                parameter, value + " with a language model that is served elsewhere",
                remedy: generation == nil ? why : why + ", or load the model without its generation settings (none)")
        }
        // vLLM counts penalties over token ids, which a prompt of embeddings does not have.
        let penalties = "leave it out: no penalty works beside prompt embeddings"
        if repetitionPenalty != 1 { throw refuse(.repetitionPenalty, "\(repetitionPenalty)", penalties) }
        if presencePenalty != 0 { throw refuse(.presencePenalty, "\(presencePenalty)", penalties) }
        if frequencyPenalty != 0 { throw refuse(.frequencyPenalty, "\(frequencyPenalty)", penalties) }
        if !suppressedTokens.isEmpty || !beginSuppressedTokens.isEmpty || !forbiddenWords.isEmpty {
            throw refuse(.suppressedTokens, "given", "leave them out")
        }
        if noRepeatRunLength != 0 { throw refuse(.noRepeatRunLength, "\(noRepeatRunLength)", "leave it out") }
        if minimumLength != 0 { throw refuse(.minimumTokens, "\(minimumLength) with the prompt", "leave it out") }
    }
}

extension GenerationRequest {
    /// Refuses original positions: a server that takes embeddings numbers them itself.
    ///
    /// - Throws: `InferenceError.invalidOption`.
    func checkRemotePositions() throws {
        let all = [selection] + selections.values
        guard all.contains(where: { $0.positions != .packed }) else { return }
        throw InferenceError.invalidOption(
            .tokenPositions, "original with a language model that is served elsewhere", remedy: "leave it out")
    }
}

/// Stands in the place of a language model that nobody has: pictures can be selected from, and nothing be answered.
struct MissingLanguageModel: RemoteLanguageModel {
    let context = Int.max
    let concurrency = 1
    let identity = "none"
    let unavailability: RemoteLanguageError? = .missing
    let statistics: [UpstreamStatistics] = []

    func answer(_ prompt: RemotePrompt, receive: @escaping @Sendable (RemoteEvent) -> Void) async throws {
        throw RemoteLanguageError.missing
    }
}
