/// How a budget is shared out over the views: by the full view's early attention, as the paper does, or evenly.
struct BudgetSharing: Sendable {
    /// The full view's share.
    let alpha: DecimalShare
    /// Gives every partition the same share instead (the paper's ablation).
    let even: Bool
    /// Tiles whose score is under this fraction of an even share get nothing. Not of the paper.
    var emptyTileShare = 0.0
    /// The full view's attention that scores the tiles.
    var source = AttentionSource(layer: .first, head: nil)

    var taps: Set<VisionTap> { even ? [] : [source.tap] }

    /// Budgets that sum to B where so many tokens can be kept.
    func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
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
        let scores = layout.tileScores(of: try source.row(of: fullView, count: count, partition: 0))
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
}
