import OpenVINO

/// One answer in the making: its place in the cache and its random numbers.
struct DecodingSequence {
    private let language: LanguageModel
    private var sampler: Sampler
    private var length = 0
    /// Of each token drawn, when the options ask for them.
    private(set) var logprobs: [TokenLogprobs]?

    /// - Parameters:
    ///   - capacity: tokens of prompt and answer together.
    ///   - prompt: the ids of the prompt's text, without its pictures.
    init(_ language: LanguageModel, sampling: SamplingOptions, capacity: Int, prompt: [Int32]) throws {
        self.language = language
        sampler = Sampler(sampling)
        sampler.accept(prompt: prompt)
        logprobs = sampling.logprobs.map { _ in [] }
        try language.reserve(tokens: capacity)
    }

    /// Appends embeddings [T, D] and draws the token that follows.
    mutating func extend(_ embeddings: [Float]) throws -> Int32 {
        let count = embeddings.count / language.hiddenSize
        let tensor = try Tensor(embeddings, shape: [count, language.hiddenSize])
        let token = try language.step(tensor, count: count, past: length) { try sampler.next($0) }
        length += count
        if let drawn = token.logprobs { logprobs?.append(drawn) }
        return token.id
    }

    /// Bytes of the blocks in use.
    var cacheBytes: Int { LanguageModel.blockCount(tokens: length) * language.bytesPerBlock }
}
