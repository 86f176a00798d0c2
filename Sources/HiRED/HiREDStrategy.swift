/// HiRED (arXiv 2408.10945, section 4): tiles get tokens in proportion to the full view's early CLS attention over
/// them, and each partition keeps the tokens that its late CLS attention ranks highest.
public struct HiREDStrategy: TokenDroppingStrategy {
    private let alpha: DecimalShare
    private let even: Bool
    private let separators: Bool
    private let emptyTileShare: Double

    /// - Parameters:
    ///   - alpha: the full view's share, 0 to 1.
    ///   - even: gives every partition the same share instead (the paper's ablation).
    ///   - separators: keeps row separators within the budget.
    ///   - emptyTileShare: tiles whose score is under this fraction of an even share get nothing. Not of the paper.
    init(alpha: DecimalShare, even: Bool, separators: Bool, emptyTileShare: Double = 0) {
        self.alpha = alpha
        self.even = even
        self.separators = separators
        self.emptyTileShare = emptyTileShare
    }

    public var allocationTaps: Set<VisionTap> { even ? [] : [VisionTap(.classAttention, layer: .first)] }
    public var selectionTaps: Set<VisionTap> { [VisionTap(.classAttention, layer: .final)] }

    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        let count = layout.tokensPerPartition
        let total = try budget.tokenCount(of: layout.totalTokens)
        let capacities = (0..<layout.partitionCount).map { layout.capacity(partition: $0) }
        guard layout.tileCount > 0 else {
            return TokenAllocation(budgets: [min(total, count)], budget: total)
        }
        if even {
            let shares = Apportionment.share(
                total, scores: [Double](repeating: 1, count: capacities.count), capacities: capacities)
            return TokenAllocation(budgets: shares, budget: total)
        }
        let scores = layout.tileScores(of: try fullView.classAttention(.first, count: count, partition: 0))
        let first = min(alpha.floor(of: total), count)
        let shares = Apportionment.share(
            total - first, scores: scores, capacities: openTiles(Array(capacities.dropFirst()), scores: scores))
        // What the tiles together cannot hold goes back to the full view.
        let surplus = total - first - shares.reduce(0, +)
        return TokenAllocation(budgets: [min(first + surplus, count)] + shares, scores: scores, budget: total)
    }

    /// Capacities of tiles, 0 for those that hold next to nothing. One that has the even share or more is always left.
    private func openTiles(_ capacities: [Int], scores: [Double]) -> [Int] {
        let present = capacities.indices.filter { capacities[$0] > 0 }
        let least = emptyTileShare * present.reduce(0) { $0 + scores[$1] } / Double(max(present.count, 1))
        return capacities.indices.map { scores[$0] < least ? 0 : capacities[$0] }
    }

    public func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        try layout.check(allocation, taps)
        var kept: [[Int]] = []
        var rows: [[Float]] = []
        for partition in 0..<layout.partitionCount {
            let budget = allocation.budgets[partition]
            guard budget > 0 else {
                kept.append([])
                rows.append([])
                continue
            }
            let row = try (taps[partition] ?? ViewTaps()).classAttention(
                .final, count: layout.tokensPerPartition, partition: partition)
            kept.append(Ranking.largest(budget, of: row, among: layout.keepable(partition: partition)))
            rows.append(row)
        }
        if separators {
            SeparatorBudget.fit(&kept, layout: layout, budget: allocation.budget) { rows[$0][$1] }
        }
        return try TokenSelection(layout: layout, allocation: allocation, kept: kept, separators: separators)
    }
}

extension PartitionLayout {
    /// Tokens of a partition that are not padding, ascending.
    func keepable(partition: Int) -> [Int] {
        guard partition > 0 else { return Array(0..<tokensPerPartition) }
        let range = keptRange(tile: partition - 1)
        return range.rows.flatMap { row in range.columns.map { row * side + $0 } }
    }
}
