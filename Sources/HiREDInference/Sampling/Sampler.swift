import HiRED

/// A token drawn from a row of logits.
struct SampledToken: Sendable, Equatable {
    var id: Int32
    /// Nil unless `SamplingOptions.logprobs` asks for them.
    var logprobs: TokenLogprobs?
}

/// Draws tokens from logits. One sampler serves one sequence: it owns the sequence's random numbers and remembers the
/// tokens that penalties count.
///
/// After the first step a step allocates nothing, except for log probabilities that are asked for and the growth of
/// the penalties' counts.
struct Sampler: Sendable {
    private let options: SamplingOptions
    private var generator: SplitMix64
    private var penalties: TokenPenalties
    private var constraints: TokenConstraints
    private var pool = CandidatePool()

    /// - Parameter ends: tokens that end an answer, for options that keep it from ending too early.
    init(_ options: SamplingOptions, ends: Set<Int32> = []) {
        self.options = options
        generator = SplitMix64(seed: options.seed ?? UInt64.random(in: .min ... .max))
        penalties = TokenPenalties(options)
        constraints = TokenConstraints(options, ends: ends)
    }

    /// Makes known the tokens of the prompt's text, for the repetition penalty. Places of pictures are no text: leave
    /// their ids out.
    mutating func accept(prompt ids: some Sequence<Int32>) { penalties.accept(prompt: ids) }

    /// Makes known the whole prompt, for rules about runs of tokens and about lengths.
    /// - Parameter ids: a picture's token as often as the picture has tokens.
    mutating func accept(whole ids: some Collection<Int32>) { constraints.accept(prompt: ids) }

    /// Whether ``accept(whole:)`` makes a difference.
    var readsWholePrompt: Bool { constraints.areInForce }

    /// The next token of a row of logits `[V]`, which counts as part of the answer from then on.
    ///
    /// O(V) for greedy. Otherwise O(V), plus O(V log k) for top-k and O(V + m log V) for a top-p that keeps m tokens.
    /// Greedy without penalties reads the row where it lies. Logits that are no finite numbers are never drawn.
    ///
    /// - Throws: `InferenceError.numericalFailure` when no logit is a finite number.
    mutating func next(_ logits: UnsafeBufferPointer<Float>) throws -> SampledToken {
        let id: Int32
        if penalties.areInForce || constraints.areInForce {
            // A second reference to the buffer, dropped before the next step writes to it.
            let scores = penalties.scores(logits) { constraints.mask($0) }
            id = try scores.withUnsafeBufferPointer { try choose($0) }
        } else {
            id = try choose(logits)
        }
        penalties.record(id)
        constraints.record(id)
        return SampledToken(
            id: id, logprobs: options.logprobs.map { TokenLogprobs(of: id, alternatives: $0, logits: logits) })
    }

    private mutating func choose(_ scores: UnsafeBufferPointer<Float>) throws -> Int32 {
        guard options.temperature > 0 else { return try Self.argmax(scores) }
        try pool.fill(scores, options)
        return pool.draw(generator.nextUnit())
    }

    /// The first of the largest finite scores.
    private static func argmax(_ scores: UnsafeBufferPointer<Float>) throws -> Int32 {
        var best = -Float.infinity
        var token: Int?
        for index in scores.indices where scores[index] > best && scores[index].isFinite {
            best = scores[index]
            token = index
        }
        guard let token else { throw InferenceError.numericalFailure }
        return Int32(truncatingIfNeeded: token)
    }
}
