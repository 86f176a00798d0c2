/// VisPruner (arXiv 2412.01818): half of a view's budget goes to the tokens that the CLS token attends to most, the other
/// half to what is left when of the rest, again and again, the tokens most like others are dropped. The budget is shared
/// out as HiRED shares it, or evenly; padding takes no part.
public struct VisPrunerStrategy: ComparingStrategy {
    private static let attention = VisionTap(.classAttention, layer: .final)
    /// Most tokens that are dropped at once.
    private static let step = 8
    private let sharing: BudgetSharing
    private let separators: Bool

    init(_ sharing: BudgetSharing, separators: Bool) {
        self.sharing = sharing
        self.separators = separators
    }

    public var allocationTaps: Set<VisionTap> { sharing.taps }
    public var selectionTaps: Set<VisionTap> { [Self.attention, comparison.tap] }
    public var comparison: Comparison { Comparison(VisionTap(.features, layer: .final), .views(padding: false)) }

    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    { try sharing.allocate(budget, layout: layout, fullView: fullView) }

    public func select(
        _ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?], cosines: [CosineMatrix?]
    ) throws(HiREDError) -> TokenSelection {
        try layout.check(allocation, taps)
        var order: [[Int]] = []
        for partition in 0..<layout.partitionCount {
            let (budget, tokens) = (allocation.budgets[partition], layout.keepable(partition: partition))
            guard budget > 0, !tokens.isEmpty else {
                order.append([])
                continue
            }
            let row = try (taps[partition] ?? ViewTaps()).values(
                of: Self.attention, count: layout.tokensPerPartition, partition: partition)
            let attention = tokens.map { row[$0] }
            let ranked = Ranking.largestFirst(tokens.count, of: attention, among: tokens.indices)
            let important = min(budget / 2, tokens.count)
            let diverse = Self.thin(
                Array(ranked[important...]), to: min(budget, tokens.count) - important,
                try matrix(partition, of: cosines, count: tokens.count))
            order.append((ranked.prefix(important) + diverse).map { tokens[$0] })
        }
        return try TokenSelection(layout: layout, allocation: allocation, order: order, separators: separators)
    }

    /// Drops rows until so many are left. In each round those at even places are compared with those at odd places; of
    /// the even ones up to eight that are most like an odd one go, the others come first, the most alike first, and the
    /// odd ones behind them. The last of an odd number of rows stands at an even place. O(rows³ / 32).
    static func thin(_ list: [Int], to target: Int, _ cosines: CosineMatrix) -> [Int] {
        var list = list
        // 0 for rows at odd places, so low for all others that they are never the largest.
        let low: Float = -8
        var mask = [Float](repeating: low, count: cosines.count)
        cosines.values.withUnsafeBufferPointer { values in
            mask.withUnsafeMutableBufferPointer { mask in
                guard let values = values.baseAddress, let base = mask.baseAddress else { return }
                while list.count > max(target, 0) {
                    let even = stride(from: 0, to: list.count, by: 2).map { list[$0] }
                    let odd = stride(from: 1, to: list.count, by: 2).map { list[$0] }
                    for row in odd { mask[row] = 0 }
                    let scores = even.map {
                        UnsafeRows.largest(values + $0 * cosines.count, plus: base, cosines.count)
                    }
                    for row in odd { mask[row] = low }
                    // By place in the list, so that of equals the earlier goes first.
                    let ranked = Ranking.largestFirst(even.count, of: scores, among: even.indices)
                    let dropped = min(Self.step, list.count - max(target, 0), even.count)
                    list = ranked.dropFirst(dropped).map { even[$0] } + odd
                }
            }
        }
        return list
    }
}
