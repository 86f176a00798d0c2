/// Everything that decides a selection besides the picture.
public struct SelectionOptions: Sendable, Hashable {
    public var strategy: StrategyName = .hired
    public var budget: TokenBudget = .full
    /// α, the full view's share of the budget.
    public var alpha: Double = 0.5
    /// Nil for the strategy's own.
    public var allocation: Allocation?
    /// Seed of the strategy `random`.
    public var seed: UInt64 = 0
    /// Keeps the separators of rows that keep a token; they then count against the budget.
    public var keepsSeparators = false
    /// Where the language model is told that kept tokens stand.
    public var positions = TokenPositions.packed
    /// Tiles whose visual content score is under this fraction of an even share get no tokens and are never encoded;
    /// the other tiles share what would have been theirs. From 0, which skips none, to 1. The paper has no such rule.
    public var emptyTileShare = 0.0
    /// HiRED alone, for ablations: the layer whose attention scores the tiles, l_init.
    public var scoringLayer = VisionTap.Layer.first
    /// HiRED alone, for ablations: the layer whose attention ranks tokens, l_final.
    public var rankingLayer = VisionTap.Layer.final
    /// HiRED alone, for ablations: one head in place of the sum over all.
    public var head: Int?
    /// Takes the place of the named strategy.
    package var unnamedStrategy: UnnamedStrategy?

    public init() {}

    /// The strategy these options name. Without a budget nothing is dropped, unless the strategy takes none.
    ///
    /// - Parameter pictureSeed: a number of the picture's own, so that `random` draws others for another one.
    /// - Throws: `HiREDError.invalidAlpha`, `.invalidEmptyTileShare`; `.unusedOption` for an option that is set and changes nothing;
    ///   `.allocationNotOffered`.
    public func makeStrategy(pictureSeed: UInt64 = 0) throws(HiREDError) -> any TokenDroppingStrategy {
        guard let share = DecimalShare(alpha) else { throw .invalidAlpha("\(alpha)") }
        guard emptyTileShare >= 0, emptyTileShare <= 1 else { throw .invalidEmptyTileShare("\(emptyTileShare)") }
        try refuseUnusedOptions()
        if keepsEverything { return FullStrategy() }
        if let unnamedStrategy { return unnamedStrategy.strategy }
        let sharing = BudgetSharing(alpha: share, even: self.sharing == .even, emptyTileShare: emptyTileShare)
        switch strategy {
        case .full: return FullStrategy()
        case .hired where self.sharing == .releasedCode:
            guard !keepsSeparators else { throw .releasedCodeRefuses("it keeps no separators") }
            guard emptyTileShare == 0 else { throw .releasedCodeRefuses("it skips no tiles") }
            return ReleasedCodeStrategy(alpha: alpha)
        case .hired:
            return HiREDStrategy(
                BudgetSharing(
                    alpha: share, even: sharing.even, emptyTileShare: emptyTileShare,
                    source: AttentionSource(layer: scoringLayer, head: head)),
                ranking: AttentionSource(layer: rankingLayer, head: head), separators: keepsSeparators)
        case .uniform: return UniformStrategy(separators: keepsSeparators)
        case .spatial: return SpatialStrategy()
        case .random: return RandomStrategy(seed: seed ^ pictureSeed, separators: keepsSeparators)
        case .prumerge: return PruMergeStrategy(plus: false)
        case .prumergePlus: return PruMergeStrategy(plus: true)
        case .scope: return ScopeStrategy(sharing, separators: keepsSeparators)
        case .vispruner: return VisPrunerStrategy(sharing, separators: keepsSeparators)
        case .divprune:
            return DivPruneStrategy(self.sharing == .whole ? nil : sharing, separators: keepsSeparators)
        }
    }

    /// Refuses what a picture's layout has no use for, before any of it is encoded.
    ///
    /// - Throws: `HiREDError.noSeparators`, `.releasedCodeRefuses`.
    public func check(_ layout: PartitionLayout) throws(HiREDError) {
        guard layout.order != .canvasRows else { return }
        guard !keepsSeparators else { throw .noSeparators }
        guard sharing != .releasedCode else { throw .releasedCodeKnowsNoOtherCanvas }
    }

    /// An upper bound of the tokens that a picture comes to.
    ///
    /// A budget that leaves nothing to choose counts as one token too many: it is refused where it is spent.
    public func mostTokens(of layout: PartitionLayout) -> Int {
        if keepsEverything { return layout.fullTokenCount }
        let budget = (try? budget.tokenCount(of: layout.totalTokens)) ?? layout.totalTokens
        switch strategy {
        case .spatial: return ((try? SpatialStrategy.places(budget, layout: layout).count) ?? 1) * layout.partitionCount
        // At most a quarter of a view lies above its third quartile; one sum takes what is left.
        case .prumerge: return (layout.tokensPerPartition / 4 + 1) * layout.partitionCount
        case .prumergePlus: return (layout.tokensPerPartition + 1) * layout.partitionCount
        default: return min(budget, keepsSeparators ? layout.fullTokenCount : layout.keepableTokens)
        }
    }

    private var keepsEverything: Bool { strategy == .full || (budget == .full && strategy.takesBudget) }

    /// The strategy that decides: without a budget every one that takes a budget keeps everything.
    private var effective: StrategyName { keepsEverything ? .full : strategy }

    /// How the budget is shared out; nil where it is not.
    private var sharing: Allocation? { effective.allocations.isEmpty ? nil : allocation ?? effective.allocations[0] }

    /// Whether an option changes anything under this strategy, budget and allocation.
    private func uses(_ option: SelectionOption) -> Bool {
        let hasLayers = effective == .hired && sharing != .releasedCode
        return switch option {
        case .budget: strategy.takesBudget
        case .alpha, .emptyTileShare: sharing == .paper || sharing == .releasedCode
        case .allocation: !effective.allocations.isEmpty
        case .seed: effective == .random
        case .keepsSeparators: ![.full, .spatial, .prumerge, .prumergePlus].contains(effective)
        // Sums of tokens stand nowhere in the full sequence.
        case .positions: ![.full, .prumerge, .prumergePlus].contains(effective)
        case .scoringLayer: hasLayers && sharing != .even
        case .rankingLayer, .head: hasLayers
        }
    }

    /// Options whose value is the default are never refused: nobody set them.
    private func refuseUnusedOptions() throws(HiREDError) {
        let defaults = SelectionOptions()
        if let allocation, !effective.allocations.contains(allocation) {
            guard effective.allocations.isEmpty else { throw .allocationNotOffered(allocation, strategy: effective) }
            if allocation != .paper { throw .unusedOption(.allocation, strategy: effective) }
        }
        let set: [(SelectionOption, Bool)] = [
            (.budget, budget != .full), (.alpha, alpha != defaults.alpha), (.seed, seed != defaults.seed),
            (.keepsSeparators, keepsSeparators), (.positions, positions != defaults.positions),
            (.emptyTileShare, emptyTileShare != 0),
            (.scoringLayer, scoringLayer != defaults.scoringLayer),
            (.rankingLayer, rankingLayer != defaults.rankingLayer), (.head, head != nil),
        ]
        for (option, isSet) in set where isSet && !uses(option) { throw .unusedOption(option, strategy: effective) }
    }

    /// Sets options back that change nothing under this strategy and budget. For settings that somebody made for
    /// another strategy; who sets them for this one is told that they change nothing.
    package mutating func dropUnused(keepingAllocation: Bool = false) {
        let defaults = SelectionOptions()
        if !uses(.budget) { budget = defaults.budget }
        if !keepingAllocation, let allocation, !effective.allocations.contains(allocation) {
            self.allocation = nil
        }
        if !uses(.alpha) { alpha = defaults.alpha }
        if !uses(.seed) { seed = defaults.seed }
        // The released code refuses these rather than not to use them.
        if !uses(.keepsSeparators) || sharing == .releasedCode { keepsSeparators = false }
        if !uses(.positions) { positions = defaults.positions }
        if !uses(.emptyTileShare) || sharing == .releasedCode { emptyTileShare = 0 }
        if !uses(.scoringLayer) { scoringLayer = defaults.scoringLayer }
        if !uses(.rankingLayer) { rankingLayer = defaults.rankingLayer }
        if !uses(.head) { head = nil }
    }
}

extension SelectionOptions {
    /// From attention rows to kept tokens in one call, where all of them are at hand.
    ///
    /// - Parameters:
    ///   - layout: how the picture was cut.
    ///   - firstLayer: the full view's CLS row of layer 0, summed over heads, CLS column dropped: [N].
    ///   - finalLayer: the same of the layer that feeds the projector for each partition, the full view first: [P][N].
    ///     Rows of tiles that get no budget may be empty.
    /// - Returns: what is kept of each partition, and the order in which it is packed.
    /// - Throws: `HiREDError` for options that do not go together, rows of another number or length, and numbers that
    ///   are not finite. O(P·N log N).
    public func select(
        layout: PartitionLayout, firstLayer: [Float], finalLayer: [[Float]]
    ) throws(HiREDError) -> TokenSelection {
        let strategy = try makeStrategy()
        try check(layout)
        guard finalLayer.count == layout.partitionCount else {
            throw .invalidAttention("\(finalLayer.count) rows for \(layout.partitionCount) partitions")
        }
        var taps: [ViewTaps?] = finalLayer.map { row in
            row.isEmpty ? nil : ViewTaps([VisionTap(.classAttention, layer: .final): row])
        }
        var fullView = taps[0] ?? ViewTaps()
        if !firstLayer.isEmpty { fullView.values[VisionTap(.classAttention, layer: .first)] = firstLayer }
        taps[0] = fullView
        let allocation = try strategy.allocate(budget, layout: layout, fullView: fullView)
        return try strategy.select(allocation, layout: layout, taps: taps)
    }
}
