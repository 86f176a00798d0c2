/// The selection of the authors' released code (github.com/hasanar1f/HiRED, modeling_llava_next.py), which differs
/// from the paper. For comparison only.
///
/// - A tile's score counts the full view's strongest first-layer tokens in its share of the row-major sequence: row
///   bands, not tiles.
/// - Shares are single-precision products, truncated; what is left over is not spent.
/// - Padding can be chosen: it is removed after the selection, so fewer tokens than the budget may be packed.
public struct ReleasedCodeStrategy: TokenDroppingStrategy {
    private let alpha: Double

    init(alpha: Double) { self.alpha = alpha }

    public var allocationTaps: Set<VisionTap> { [VisionTap(.classAttention, layer: .first)] }
    public var selectionTaps: Set<VisionTap> { [VisionTap(.classAttention, layer: .final)] }

    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        guard layout.order == .canvasRows else { throw .releasedCodeKnowsNoOtherCanvas }
        let count = layout.tokensPerPartition
        let tiles = layout.tileCount
        let total: Int =
            switch budget {
            case .full: layout.totalTokens
            case .tokens(let tokens): tokens
            case .percentage(let share): Int(Double(layout.totalTokens) * share.fraction)
            }
        guard total > 0 else { throw .invalidBudget("\(budget) of \(layout.totalTokens) tokens") }
        guard tiles > 0 else { return TokenAllocation(budgets: [min(total, count)], budget: total) }
        guard total < layout.totalTokens else {
            // At a rate of 1 the code drops nothing.
            return TokenAllocation(budgets: [Int](repeating: count, count: tiles + 1), budget: total)
        }
        let first = min(Int(Double(total) * alpha), count)
        let rest = min(total - first, tiles * count)
        guard rest > 0 else {
            return TokenAllocation(budgets: [first] + [Int](repeating: 0, count: tiles), budget: total)
        }
        guard count % tiles == 0 else {
            throw .releasedCodeRefuses("\(count) tokens cannot be cut into \(tiles) equal bands")
        }
        let strongest = Int(Double(count) * (1 - alpha))
        guard strongest > 0 else {
            throw .releasedCodeRefuses(
                "with alpha \(alpha) no token scores a tile, and \(rest) tokens are left for tiles")
        }
        let attention = try fullView.classAttention(.first, count: count, partition: 0)
        var counts = [Int](repeating: 0, count: tiles)
        for token in Ranking.largest(strongest, of: attention, among: 0..<count) {
            counts[token / (count / tiles)] += 1
        }
        let shares = counts.map { min(Int(Float($0) / Float(strongest) * Float(rest)), count) }
        return TokenAllocation(budgets: [first] + shares, scores: counts.map(Double.init), budget: total)
    }

    public func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        try layout.check(allocation, taps)
        let count = layout.tokensPerPartition
        var kept: [[Int]] = []
        for partition in 0..<layout.partitionCount {
            let budget = allocation.budgets[partition]
            guard budget > 0 else {
                kept.append([])
                continue
            }
            let row = try (taps[partition] ?? ViewTaps()).classAttention(.final, count: count, partition: partition)
            kept.append(Ranking.largest(budget, of: row, among: 0..<count))
        }
        return try TokenSelection(removingPaddingFrom: kept, layout: layout, allocation: allocation)
    }
}
