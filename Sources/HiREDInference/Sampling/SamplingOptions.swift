import Failures

/// How the next token is chosen from a row of logits, and what ends an answer.
///
/// The steps are taken in this order, which is that of Transformers 4.57.6 (generation/utils.py,
/// `_get_logits_processor`): repetition penalty, frequency and presence penalties, temperature, top-k, top-p, min-p.
/// What may not be drawn at all is taken out with the penalties.
/// Transformers has no frequency and presence penalties; they stand with the other penalty, before the temperature.
public struct SamplingOptions: Sendable, Equatable {
    /// 0 takes the most likely token (greedy, after penalties); higher is more varied. Divides the logits.
    public var temperature: Float
    /// Keeps the k most likely tokens and those as likely as the k-th; nil keeps all.
    public var topK: Int?
    /// Keeps the most likely tokens whose probabilities first reach this sum, 0 < topP <= 1; 1 keeps all.
    public var topP: Float
    /// Keeps the tokens at least this share as likely as the most likely one, 0...1; 0 keeps all.
    public var minP: Float = 0
    /// For tokens of the prompt's text or the answer: divides positive logits, multiplies negative ones. 1 does
    /// nothing (Keskar et al., arXiv:1909.05858).
    public var repetitionPenalty: Float = 1
    /// Taken once from the logit of every token the answer already holds, -2...2.
    public var presencePenalty: Float = 0
    /// Taken from a token's logit as often as the answer already holds the token, -2...2.
    public var frequencyPenalty: Float = 0
    /// Tokens that are never drawn.
    public var suppressedTokens: [Int32] = []
    /// Tokens that are never drawn first.
    public var beginSuppressedTokens: [Int32] = []
    /// Runs of tokens that are never completed, counting those of the prompt; none is empty.
    public var forbiddenWords: [[Int32]] = []
    /// No run of so many tokens of prompt and answer occurs twice; 0 is no such rule.
    public var noRepeatRunLength = 0
    /// The answer does not end before it has so many tokens.
    public var minimumTokens = 0
    /// The answer does not end before prompt and answer have so many tokens, those of pictures included.
    public var minimumLength = 0
    /// The same seed gives the same answer to the same request run alone. Nil draws one from the system.
    public var seed: UInt64?
    /// Reports the log probability of every token and of this many most likely alternatives, 0...20; nil reports none.
    public var logprobs: Int?
    /// The answer ends before the first of these texts. At most 16.
    public var stop: [String] = []

    public init(temperature: Float = 0, topK: Int? = nil, topP: Float = 1, seed: UInt64? = nil) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }

    public static let greedy = SamplingOptions()

    static let maximumLogprobs = 20
    static let maximumStops = 16
    /// Unicode scalars of one stop string: that much of an answer can be held back.
    static let longestStop = 1024

    /// - Throws: `InferenceError.invalidOption` for a value outside its range.
    public func validate() throws {
        try check(.temperature, temperature, "give 0 (greedy) or a positive number") { $0 >= 0 }
        if let topK, topK < 1 {
            throw InferenceError.invalidOption(.topK, "\(topK)", remedy: "give a whole number of at least 1")
        }
        try check(.topP, topP, "give a number above 0 and at most 1") { $0 > 0 && $0 <= 1 }
        try check(.minP, minP, "give a number from 0 to 1") { (0...1).contains($0) }
        try check(.repetitionPenalty, repetitionPenalty, "give a positive number; 1 is no penalty") { $0 > 0 }
        try check(.presencePenalty, presencePenalty, "give a number from -2 to 2") { (-2...2).contains($0) }
        try check(.frequencyPenalty, frequencyPenalty, "give a number from -2 to 2") { (-2...2).contains($0) }
        try check(.suppressedTokens, suppressedTokens + beginSuppressedTokens + forbiddenWords.flatMap { $0 })
        guard forbiddenWords.allSatisfy({ !$0.isEmpty }) else {
            throw InferenceError.invalidOption(.suppressedTokens, "an empty word", remedy: "give at least one token")
        }
        for (name, count) in [
            (Parameter.noRepeatRunLength, noRepeatRunLength), (.minimumTokens, minimumTokens),
            (.minimumTokens, minimumLength),
        ] where count < 0 {
            throw InferenceError.invalidOption(name, "\(count)", remedy: "give 0 or a positive number")
        }
        if let logprobs, !(0...Self.maximumLogprobs).contains(logprobs) {
            throw InferenceError.invalidOption(
                .logprobs, "\(logprobs)", remedy: "give a number from 0 to \(Self.maximumLogprobs)")
        }
        guard stop.count <= Self.maximumStops else {
            throw InferenceError.invalidOption(
                .stop, "a list of \(stop.count)", remedy: "give at most \(Self.maximumStops) stop strings")
        }
        for text in stop {
            guard !text.isEmpty else {
                throw InferenceError.invalidOption(.stop, "empty", remedy: "give a text of at least one character")
            }
            guard text.unicodeScalars.count <= Self.longestStop else {
                throw InferenceError.invalidOption(
                    .stop, "a text of \(text.unicodeScalars.count) characters",
                    remedy: "give at most \(Self.longestStop)")
            }
        }
    }

    private func check(_ name: Parameter, _ ids: [Int32]) throws {
        if let id = ids.first(where: { $0 < 0 }) {
            throw InferenceError.invalidOption(name, "\(id)", remedy: "give ids of tokens, none of them negative")
        }
    }

    private func check(_ name: Parameter, _ value: Float, _ remedy: String, isGood: (Float) -> Bool) throws {
        guard value.isFinite, isGood(value) else {
            throw InferenceError.invalidOption(name, "\(value)", remedy: remedy)
        }
    }
}
