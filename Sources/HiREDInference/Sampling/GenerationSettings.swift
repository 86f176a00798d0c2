public import Checkpoints

/// Whether a model's `generation_config.json` says how answers are drawn.
public enum GenerationSettings: String, Sendable, Hashable, CaseIterable {
    /// Its settings are the defaults of every answer; what is not implemented of them keeps the model from being loaded.
    case file
    /// They count for nothing: the likeliest token is taken. What ends an answer is still the model's own.
    case none

    /// - Throws: `CheckpointError` naming a setting that is not implemented.
    func defaults(of generation: GenerationConfig) throws -> SamplingOptions {
        switch self {
        case .file: try SamplingOptions(defaultsOf: generation)
        case .none: .greedy
        }
    }
}

extension SamplingOptions {
    /// What a model's generation settings ask for. Temperature, top-k, top-p and min-p count only where `do_sample` is
    /// set, as in Transformers; all else always.
    ///
    /// - Throws: `CheckpointError` naming a setting that is not implemented.
    public init(defaultsOf generation: GenerationConfig) throws {
        try generation.check()
        self.init()
        if generation.samples {
            temperature = Float(generation.temperature)
            topK = generation.topK
            // Transformers keeps the likeliest token at 0, as for any share that small.
            topP = max(Float(generation.topP), .leastNonzeroMagnitude)
            minP = Float(generation.minP)
        }
        repetitionPenalty = Float(generation.repetitionPenalty)
        suppressedTokens = generation.suppressedTokens.map(Int32.init(clamping:))
        beginSuppressedTokens = generation.beginSuppressedTokens.map(Int32.init(clamping:))
        forbiddenWords = generation.forbiddenWords.map { $0.map(Int32.init(clamping:)) }
        noRepeatRunLength = generation.noRepeatRunLength
        minimumTokens = generation.minimumNewTokens
        minimumLength = generation.minimumLength
        stop = generation.stopTexts
        try validate()
    }
}
