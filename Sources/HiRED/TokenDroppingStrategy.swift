/// A way to choose visual tokens, in two steps: budgets depend on the full view alone, so tiles that get none are
/// never encoded.
public protocol TokenDroppingStrategy: Sendable {
    /// Whether it leaves anything out. What does is refused for a model that takes the CLS token.
    var dropsTokens: Bool { get }
    /// Whether it keeps no more than the budget. What does not says so, and reports what it kept.
    var obeysBudget: Bool { get }
    /// Taps that `allocate` reads from the full view.
    var allocationTaps: Set<VisionTap> { get }
    /// Taps that `select` reads from every partition with a budget.
    var selectionTaps: Set<VisionTap> { get }

    /// Shares the budget out over the partitions. A strategy that chooses among all tokens of a picture gives every
    /// partition what it can hold, so that all are encoded, and states in its selection's allocation what became of it.
    func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation

    /// Chooses the tokens, no more than the budget if the strategy obeys it.
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
    public var obeysBudget: Bool { true }
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
    case hired, full, uniform, spatial, random, prumerge
    case prumergePlus = "prumerge+"
    case scope, vispruner, divprune

    public init(parsing text: String) throws(HiREDError) {
        guard let name = StrategyName(rawValue: text) else { throw .unknownStrategy(text) }
        self = name
    }

    /// Whether a budget means anything to it: PruMerge finds its own number of tokens.
    public var takesBudget: Bool { self != .prumerge && self != .prumergePlus }

    /// Whether it keeps no more than its budget: what needs a bound, such as an automatic budget, goes with no other.
    public var obeysBudget: Bool { takesBudget && self != .spatial && self != .full }

    /// Ways in which it can share a budget out, the one it takes by itself first. None where it shares nothing out.
    public var allocations: [Allocation] {
        switch self {
        case .hired: [.paper, .even, .releasedCode]
        case .scope, .vispruner: [.paper, .even]
        case .divprune: [.whole, .paper, .even]
        case .full, .uniform, .spatial, .random, .prumerge, .prumergePlus: []
        }
    }
}

/// How a budget is shared out over the views.
public enum Allocation: String, Sendable, CaseIterable {
    /// By the tiles' visual content scores, as HiRED's paper describes.
    case paper
    /// As the authors' released code does, for parity.
    case releasedCode = "released-code"
    /// Every partition alike (the ablation of the paper's Table 5).
    case even
    /// Not at all: tokens of all views compete.
    case whole

    public init(parsing text: String) throws(HiREDError) {
        guard let allocation = Allocation(rawValue: text) else { throw .unknownAllocation(text) }
        self = allocation
    }
}
