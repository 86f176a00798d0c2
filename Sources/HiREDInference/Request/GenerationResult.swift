public import VisionEncoding

/// What became of a request.
public struct GenerationResult: Sendable {
    public enum FinishReason: String, Sendable, Codable {
        /// The model ended its answer, or a stop string did.
        case stop
        /// The answer reached the number of tokens asked for, or the end of the model's context.
        case length
        /// The caller gave the request up.
        case cancelled
    }

    public struct Answer: Sendable, Equatable {
        /// Without special tokens, and up to a stop string.
        public var text = ""
        /// All that were drawn, with the end-of-sequence token or those of a stop string.
        public var tokens: [Int32] = []
        /// One for each of `tokens`; nil unless the sampling options ask for them.
        public var logprobs: [TokenLogprobs]?
        public var finishReason = FinishReason.cancelled
    }

    /// As many as were asked for.
    public var answers: [Answer]
    /// Text and image tokens together.
    public var promptTokens: Int
    /// Prompt tokens that were not computed, because an earlier prompt began alike.
    public var reusedTokens: Int
    public var images: [ImageTokens]
    /// What an automatic budget came to.
    public var budgetChoice: BudgetChoice?
    /// Image tokens that were asked for, over all pictures, where load lowered the budget; nil where it did not.
    public var loweredFrom: Int?
    public var timings: Timings
    /// Bytes of the blocks that hold the keys and values of the first answer's sequence.
    public var cacheBytes: Int

    /// The first answer's text.
    public var answer: String { answers.first?.text ?? "" }
    /// The first answer's tokens.
    public var tokens: [Int32] { answers.first?.tokens ?? [] }
    /// The first answer's.
    public var logprobs: [TokenLogprobs]? { answers.first?.logprobs }
    /// The first answer's.
    public var finishReason: FinishReason { answers.first?.finishReason ?? .cancelled }
}
