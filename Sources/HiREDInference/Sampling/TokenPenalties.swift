/// Counts a sequence's tokens and lowers their scores.
struct TokenPenalties: Sendable {
    private let repetition: Float
    private let presence: Float
    private let frequency: Float
    private let isAsked: Bool
    /// How often the answer holds a token; 0 for one that only the prompt holds.
    private var counts: [Int32: Int] = [:]
    /// The penalised row, reused between steps.
    private var row: [Float] = []

    init(_ options: SamplingOptions) {
        repetition = options.repetitionPenalty
        presence = options.presencePenalty
        frequency = options.frequencyPenalty
        isAsked = repetition != 1 || presence != 0 || frequency != 0
    }

    /// Whether scores differ from logits.
    var areInForce: Bool { isAsked && !counts.isEmpty }

    mutating func accept(prompt ids: some Sequence<Int32>) {
        guard isAsked else { return }
        for id in ids { counts[id, default: 0] += 0 }
    }

    mutating func record(_ id: Int32) {
        guard isAsked else { return }
        counts[id, default: 0] += 1
    }

    /// The logits `[V]` with penalties. O(V) to copy them, and O(distinct tokens).
    ///
    /// The repetition penalty is Transformers' (4.57.6, `RepetitionPenaltyLogitsProcessor`): each token once, however
    /// often it occurs. The others are those of OpenAI's API: `logit - count * frequency - (count > 0) * presence`.
    ///
    /// - Parameter mask: takes tokens out, after the penalties.
    mutating func scores(
        _ logits: UnsafeBufferPointer<Float>, mask: (UnsafeMutableBufferPointer<Float>) -> Void = { _ in }
    ) -> [Float] {
        if row.count == logits.count {
            row.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: logits) }
        } else {
            row = Array(logits)
        }
        // Ids come from a tokenizer, which may know more tokens than the model.
        for (id, count) in counts where row.indices.contains(Int(id)) {
            var score = row[Int(id)]
            guard score.isFinite else { continue }
            score = score < 0 ? score * repetition : score / repetition
            score -= Float(count) * frequency
            if count > 0 { score -= presence }
            // A huge factor must not make the score infinite, which would take the token out.
            let bound = Float.greatestFiniteMagnitude
            row[Int(id)] = min(max(score, -bound), bound)
        }
        row.withUnsafeMutableBufferPointer { mask($0) }
        return row
    }
}
