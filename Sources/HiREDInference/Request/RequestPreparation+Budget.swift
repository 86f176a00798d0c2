import HiRED
import Synchronization

/// What is known of this machine's speed with this model; written by the engine's thread, read by preparations.
final class CostKnowledge: Sendable {
    private struct State {
        var model: CostModel?
        /// Every matrix has been repacked.
        var isWarm = false
    }

    private let state = Mutex(State())

    var model: CostModel? {
        get { state.withLock { $0.model } }
        set { state.withLock { $0.model = newValue } }
    }

    var isWarm: Bool {
        get { state.withLock { $0.isWarm } }
        set { state.withLock { $0.isWarm = newValue } }
    }
}

extension RequestPreparation {
    /// Turns an automatic budget into numbers: the pictures' layouts are known, and none of their views is encoded.
    ///
    /// - Throws: `InferenceError.noCostModel` where this machine was not measured.
    func chooseBudgets(
        _ request: inout GenerationRequest, layouts: [PartitionLayout], textTokens: Int, elapsed: Double
    ) throws -> BudgetChoice? {
        guard let auto = request.autoBudget else { return nil }
        guard let cost = costs.model else { throw InferenceError.noCostModel }
        guard !layouts.isEmpty else { return nil }
        let images = layouts.enumerated().map { place, layout in
            AutoBudgetRoom.Image(
                views: layout.partitionCount, totalTokens: layout.totalTokens,
                // With separators, a budget of 100 % may keep every one of them.
                mostTokens: request.selection(of: place).keepsSeparators
                    ? min(layout.totalTokens, layout.fullTokenCount) : layout.keepableTokens)
        }
        let room = AutoBudgetRoom(
            images: images, textTokens: textTokens, answerTokens: request.maximumTokens, elapsedMilliseconds: elapsed,
            context: limits.context, cacheTokens: limits.cacheTokens)
        let choice = auto.choose(
            room, cost: cost,
            conditions: CostModel.Conditions(
                blockSize: limits.blockSize, stepTokens: limits.stepTokens,
                embeddingBytesPerToken: limits.embeddingBytesPerToken, isWarm: costs.isWarm))
        for (place, tokens) in choice.tokensPerImage.enumerated() {
            var options = request.selection(of: place)
            options.budget = .tokens(tokens)
            request.selections[place] = options
        }
        return choice
    }
}
