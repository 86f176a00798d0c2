import Failures
import ModelGraphs

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

extension GraphSource {
    /// Refuses a folder that holds the vision half alone.
    ///
    /// - Throws: `InferenceError.unsupportedModel`.
    func checkLanguageModel() throws {
        guard let manifest, !manifest.graphs.contains(where: { $0.part == .languageModel }) else { return }
        throw InferenceError.unsupportedModel(
            "the folder was imported without its language model",
            remedy: "name the server that has it (hired serve or ask with --language-model-url), or import it whole")
    }
}
