/// What a prompt costs on this machine with this model: fitted once, then asked before any work is done.
///
/// No coefficient is negative, so more tokens never cost less.
public struct CostModel: Codable, Sendable, Equatable {
    /// Milliseconds to encode one view.
    public var viewMilliseconds: Double
    /// Milliseconds to project one kept token.
    public var projectorMillisecondsPerToken: Double
    /// Milliseconds of a step of R rows up to 64: these two, a + b·R, and the squared part below.
    public var smallStepConstant: Double
    public var smallStepPerRow: Double
    /// a, b and c in a + b·⌈T⌉ + c·T² milliseconds for a prompt of T tokens above 64, ⌈T⌉ being T rounded up to a
    /// multiple of 64: the runtime's matrix products cost by blocks of 64 rows.
    public var prefillConstant: Double
    public var prefillPerToken: Double
    public var prefillPerSquaredToken: Double
    /// Milliseconds that the first question takes longer than later ones, since the runtime repacks the weights then.
    public var coldMilliseconds: Double
    /// Bytes of keys and values of one token in all layers.
    public var cacheBytesPerToken: Int
    /// Bytes of activations for each token of a step.
    public var stepBytesPerToken: Int
    /// Bytes of everything else that is not backed by a file: weights as the runtime keeps them, buffers, the program.
    public var baseBytes: Int

    /// What a request asks of the machine.
    struct Work: Equatable {
        /// Views to encode, over all pictures.
        var views: Int
        /// Image tokens that are projected and read.
        var imageTokens: Int
        var textTokens: Int
        /// The longest answer.
        var answerTokens: Int

        var promptTokens: Int { imageTokens + textTokens }
    }

    /// How the engine computes it.
    struct Conditions: Equatable {
        /// Tokens of a cache block.
        var blockSize: Int
        /// Most tokens computed in one step.
        var stepTokens: Int
        /// Bytes of one token's embedding, which a request holds until its answer is whole.
        var embeddingBytesPerToken: Int
        /// Whether the runtime has repacked the weights already.
        var isWarm: Bool
    }

    /// Rows that a step of so many pays for.
    static func paidRows(_ rows: Int) -> Int {
        rows <= StepPacer.block ? rows : (rows + StepPacer.block - 1) / StepPacer.block * StepPacer.block
    }

    /// Milliseconds of one step of `rows` rows behind `past` positions.
    func stepMilliseconds(rows: Int, past: Int) -> Double {
        let (count, paid) = (Double(rows), Double(Self.paidRows(rows)))
        let attention = prefillPerSquaredToken * count * (count + 2 * Double(past))
        return rows <= StepPacer.block
            ? smallStepConstant + smallStepPerRow * paid + attention
            : prefillConstant + prefillPerToken * paid + attention
    }

    /// Milliseconds that a prompt of `tokens` tokens takes.
    func prefillMilliseconds(tokens: Int) -> Double { stepMilliseconds(rows: tokens, past: 0) }

    /// Milliseconds from the prepared pictures to the first token, on an engine without other work.
    func milliseconds(_ work: Work, _ conditions: Conditions) -> Double {
        Double(work.views) * viewMilliseconds + Double(work.imageTokens) * projectorMillisecondsPerToken
            + prefillMilliseconds(tokens: work.promptTokens) + (conditions.isWarm ? 0 : coldMilliseconds)
    }

    /// Bytes of keys and values when the answer is whole: whole blocks; the last token's are never computed.
    func cacheBytes(_ work: Work, _ conditions: Conditions) -> Int {
        let positions = work.promptTokens + max(work.answerTokens - 1, 0)
        let blocks = (positions + conditions.blockSize - 1) / conditions.blockSize
        return blocks * conditions.blockSize * cacheBytesPerToken
    }

    /// Bytes that the process will need: everything but the mapped files.
    func bytes(_ work: Work, _ conditions: Conditions) -> Int {
        baseBytes + min(work.promptTokens, conditions.stepTokens) * stepBytesPerToken + cacheBytes(work, conditions)
            + work.imageTokens * conditions.embeddingBytesPerToken
    }

    /// Whether the numbers can be what was measured; a file may hold anything.
    var isPlausible: Bool {
        let times = [
            viewMilliseconds, projectorMillisecondsPerToken, smallStepConstant, smallStepPerRow, prefillConstant,
            prefillPerToken, prefillPerSquaredToken,
            coldMilliseconds,
        ]
        // Bounds far above any machine, that keep the arithmetic from overflowing.
        return times.allSatisfy { (0...1e9).contains($0) }
            && [cacheBytesPerToken, stepBytesPerToken].allSatisfy { (0...(1 << 32)).contains($0) }
            && (0...(1 << 50)).contains(baseBytes)
    }
}
