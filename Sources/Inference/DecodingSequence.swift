import OpenVINO

/// One answer in the making: its place in the cache and its random numbers.
struct DecodingSequence {
    private let language: LanguageModel
    private var sampler: Sampler
    private var length = 0

    /// - Parameter capacity: tokens of prompt and answer together.
    init(_ language: LanguageModel, sampling: SamplingOptions, capacity: Int) throws {
        self.language = language
        sampler = Sampler(sampling)
        try language.reserve(tokens: capacity)
    }

    /// Appends embeddings [T, D] and draws the token that follows.
    mutating func extend(_ embeddings: [Float]) throws -> Int32 {
        let count = embeddings.count / language.hiddenSize
        let tensor = try Tensor(embeddings, shape: [count, language.hiddenSize])
        let token = try language.step(tensor, count: count, past: length) { try sampler.next($0) }
        length += count
        return token
    }

    /// Bytes of the blocks in use.
    var cacheBytes: Int { LanguageModel.blockCount(tokens: length) * language.bytesPerBlock }
}
