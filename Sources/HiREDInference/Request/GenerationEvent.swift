public import HiRED
public import VisionEncoding

/// What happens while a request is worked on, in this order: accepted, counted, then for each picture its views and its
/// selection, then the prompt, then tokens, and finished at the end.
public enum GenerationEvent: Sendable {
    /// The request has a place; so many came before it and have not begun their answers.
    case accepted(place: Int)
    /// Pictures are cut and the prompt is tokenised.
    case counted(PromptCount)
    /// View `view` of at most `count` of picture `image` is next, all counted from 0.
    case encoding(image: Int, view: Int, count: Int)
    /// A picture's tokens are chosen.
    case selected(image: Int, tokens: ImageTokens)
    /// So many of the prompt's tokens are in the KV cache.
    case prefill(done: Int, total: Int)
    case token(GeneratedToken)
    /// The last event; errors end the stream without it.
    case finished(GenerationResult)
}

/// One more token of an answer.
public struct GeneratedToken: Sendable, Equatable {
    /// Which of the request's answers, from 0.
    public var answer: Int
    public var id: Int32
    /// What is certain of the answer's text since the token before; may be empty, never ends within a character.
    public var text: String
    /// Nil unless the sampling options ask for them.
    public var logprobs: TokenLogprobs?
    /// Set with an answer's last token.
    public var finishReason: GenerationResult.FinishReason?
}

/// What a prompt comes to, before any of it is computed.
public struct PromptCount: Sendable, Equatable {
    public struct Image: Sendable, Equatable {
        public var layout: PartitionLayout
        /// Tokens without dropping, separators included, as Transformers counts them.
        public var full: Int
        /// Tokens that will reach the language model at most; exact for strategies that spend their whole budget.
        public var planned: Int

        package init(layout: PartitionLayout, full: Int, planned: Int) {
            self.layout = layout
            self.full = full
            self.planned = planned
        }
    }

    /// Text tokens and planned image tokens.
    public var promptTokens: Int
    public var textTokens: Int
    public var images: [Image]
    /// Tokens of prompt and answer that the model's context and the KV cache hold.
    public var limit: Int

    /// Whether prompt and an answer of `maximumTokens` can be held; longer answers end with the context.
    public func fits(answerTokens: Int) -> Bool {
        let (sum, overflow) = promptTokens.addingReportingOverflow(max(answerTokens, 1) - 1)
        return !overflow && sum <= limit
    }
}
