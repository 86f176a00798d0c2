/// HiRED (arXiv 2408.10945, section 4): tiles get tokens in proportion to the full view's early CLS attention over
/// them, and each partition keeps the tokens that its late CLS attention ranks highest.
public struct HiREDStrategy: TokenDroppingStrategy {
    private let sharing: BudgetSharing
    private let source: AttentionSource
    private let separators: Bool

    /// - Parameters:
    ///   - sharing: how partitions come by their budgets.
    ///   - source: the attention that ranks tokens.
    ///   - separators: keeps row separators within the budget.
    init(
        _ sharing: BudgetSharing, ranking source: AttentionSource = AttentionSource(layer: .final, head: nil),
        separators: Bool
    ) {
        self.sharing = sharing
        self.source = source
        self.separators = separators
    }

    public var allocationTaps: Set<VisionTap> { sharing.taps }
    public var selectionTaps: Set<VisionTap> { [source.tap] }

    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    { try sharing.allocate(budget, layout: layout, fullView: fullView) }

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
            let row = try source.row(of: taps[partition], count: layout.tokensPerPartition, partition: partition)
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
