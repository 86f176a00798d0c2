/// A way to choose visual tokens, in two steps: budgets depend on the full view alone, so tiles that get none are
/// never encoded.
public protocol TokenDroppingStrategy: Sendable {
    /// Taps that `allocate` reads from the full view.
    var allocationTaps: Set<VisionTap> { get }
    /// Taps that `select` reads from every partition with a budget.
    var selectionTaps: Set<VisionTap> { get }

    /// Shares the budget out over the partitions.
    func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation

    /// Chooses the tokens.
    ///
    /// - Parameter taps: one for each partition, in order; nil where the budget is 0.
    func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
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

    public init() {}

    /// The strategy these options name. Without a budget nothing is dropped, whatever the strategy.
    ///
    /// - Throws: `HiREDError.invalidAlpha`.
    public func makeStrategy() throws(HiREDError) -> any TokenDroppingStrategy {
        guard alpha >= 0, alpha <= 1 else { throw .invalidAlpha("\(alpha)") }
        if budget == .full { return FullStrategy() }
        switch strategy {
        case .full: return FullStrategy()
        case .hired where allocation == .releasedCode:
            guard !keepsSeparators else { throw .releasedCodeRefuses("it keeps no separators") }
            return ReleasedCodeStrategy(alpha: alpha)
        case .hired: return HiREDStrategy(alpha: alpha, even: allocation == .even, separators: keepsSeparators)
        case .uniform: return UniformStrategy(separators: keepsSeparators)
        case .random: return RandomStrategy(seed: seed, separators: keepsSeparators)
        }
    }
}
