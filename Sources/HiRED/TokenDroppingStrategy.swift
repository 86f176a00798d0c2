/// A way to choose visual tokens, in two steps: budgets depend on the full view alone, so tiles that get none are
/// never encoded.
public protocol TokenDroppingStrategy: Sendable {
    /// Whether it leaves anything out. What does is refused for a model that takes the CLS token.
    var dropsTokens: Bool { get }
    /// Taps that `allocate` reads from the full view.
    var allocationTaps: Set<VisionTap> { get }
    /// Taps that `select` reads from every partition with a budget.
    var selectionTaps: Set<VisionTap> { get }

    /// Shares the budget out over the partitions. A strategy that chooses among all tokens of a picture gives every
    /// partition what it can hold, so that all are encoded, and states in its selection's allocation what became of it.
    func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation

    /// Chooses the tokens, no more than the budget.
    ///
    /// - Parameters:
    ///   - allocation: what `allocate` gave for the same layout.
    ///   - layout: how the picture was cut.
    ///   - taps: one for each partition, in order; nil where the budget is 0.
    func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
}

extension TokenDroppingStrategy {
    public var dropsTokens: Bool { true }
}

/// A strategy that has no name of its own.
package struct UnnamedStrategy: Sendable, Hashable, CustomStringConvertible {
    /// Tells it from all others: what it chose is cached by this.
    package let label: String
    package let strategy: any TokenDroppingStrategy

    package init(label: String, _ strategy: any TokenDroppingStrategy) {
        self.label = label
        self.strategy = strategy
    }

    package var description: String { label }

    package static func == (left: Self, right: Self) -> Bool { left.label == right.label }
    package func hash(into hasher: inout Hasher) { hasher.combine(label) }
}

/// Strategies by the name a command line uses.
public enum StrategyName: String, Sendable, CaseIterable {
    case hired, full, uniform, random

    public init(parsing text: String) throws(HiREDError) {
        guard let name = StrategyName(rawValue: text) else { throw .unknownStrategy(text) }
        self = name
    }
}

/// How HiRED shares its budget out.
public enum Allocation: String, Sendable, CaseIterable {
    /// By the tiles' visual content scores, as the paper describes.
    case paper
    /// As the authors' released code does, for parity.
    case releasedCode = "released-code"
    /// Every partition alike (the ablation of the paper's Table 5).
    case even

    public init(parsing text: String) throws(HiREDError) {
        guard let allocation = Allocation(rawValue: text) else { throw .unknownAllocation(text) }
        self = allocation
    }
}

/// Everything that decides a selection besides the picture.
public struct SelectionOptions: Sendable, Hashable {
    public var strategy: StrategyName = .hired
    public var budget: TokenBudget = .full
    /// α, the full view's share of the budget.
    public var alpha: Double = 0.5
    public var allocation: Allocation = .paper
    /// Seed of the strategy `random`.
    public var seed: UInt64 = 0
    /// Keeps the separators of rows that keep a token; they then count against the budget.
    public var keepsSeparators = false
    /// Tiles whose visual content score is under this fraction of an even share get no tokens and are never encoded;
    /// the other tiles share what would have been theirs. From 0, which skips none, to 1. The paper has no such rule.
    public var emptyTileShare: Double = 0
    /// Takes the place of the named strategy.
    package var unnamedStrategy: UnnamedStrategy?

    public init() {}

    /// The strategy these options name. Without a budget nothing is dropped, whatever the strategy.
    ///
    /// - Throws: `HiREDError.invalidAlpha`, `.invalidEmptyTileShare`; `.unusedOption` for an option that is set and changes nothing.
    public func makeStrategy() throws(HiREDError) -> any TokenDroppingStrategy {
        guard let alpha = DecimalShare(alpha) else { throw .invalidAlpha("\(alpha)") }
        guard emptyTileShare >= 0, emptyTileShare <= 1 else { throw .invalidEmptyTileShare("\(emptyTileShare)") }
        try refuseUnusedOptions()
        if budget == .full { return FullStrategy() }
        if let unnamedStrategy { return unnamedStrategy.strategy }
        switch strategy {
        case .full: return FullStrategy()
        case .hired where allocation == .releasedCode:
            guard !keepsSeparators else { throw .releasedCodeRefuses("it keeps no separators") }
            guard emptyTileShare == 0 else { throw .releasedCodeRefuses("it skips no tiles") }
            return ReleasedCodeStrategy(alpha: self.alpha)
        case .hired:
            return HiREDStrategy(
                alpha: alpha, even: allocation == .even, separators: keepsSeparators, emptyTileShare: emptyTileShare)
        case .uniform: return UniformStrategy(separators: keepsSeparators)
        case .random: return RandomStrategy(seed: seed, separators: keepsSeparators)
        }
    }

    /// Options whose value is the default are never refused: nobody set them.
    private func refuseUnusedOptions() throws(HiREDError) {
        let defaults = SelectionOptions()
        // Without a budget every strategy keeps everything.
        let strategy = budget == .full ? .full : strategy
        let sharesByScore = strategy == .hired && allocation != .even
        if alpha != defaults.alpha, !sharesByScore { throw .unusedOption(.alpha, strategy: strategy) }
        if emptyTileShare != 0, !sharesByScore { throw .unusedOption(.emptyTileShare, strategy: strategy) }
        if allocation != defaults.allocation, strategy != .hired {
            throw .unusedOption(.allocation, strategy: strategy)
        }
        if seed != defaults.seed, strategy != .random { throw .unusedOption(.seed, strategy: strategy) }
        if keepsSeparators, strategy == .full { throw .unusedOption(.keepsSeparators, strategy: strategy) }
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
