/// The paper's "spatial" baseline as its code runs it: of each view every ⌊N/n⌋-th token, where n is the view's share of
/// the budget. The gap is a whole number, so more may be kept than the budget says: at 40 % 288 of 576, half of a view.
/// Padding is chosen like all else and taken out afterwards; no separators.
public struct SpatialStrategy: TokenDroppingStrategy {
    public var obeysBudget: Bool { false }
    public var allocationTaps: Set<VisionTap> { [] }
    public var selectionTaps: Set<VisionTap> { [] }

    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        let total = try budget.tokenCount(of: layout.totalTokens)
        let places = try Self.places(total, layout: layout)
        return TokenAllocation(
            budgets: [Int](repeating: places.count, count: layout.partitionCount), budget: total)
    }

    public func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        try layout.check(allocation, taps)
        let places = try Self.places(allocation.budget ?? layout.totalTokens, layout: layout)
        return try TokenSelection(
            removingPaddingFrom: [[Int]](repeating: places, count: layout.partitionCount), layout: layout,
            allocation: allocation)
    }

    /// Places within a view, the same in each.
    static func places(_ budget: Int, layout: PartitionLayout) throws(HiREDError) -> [Int] {
        let share = min(budget / layout.partitionCount, layout.tokensPerPartition)
        guard share > 0 else {
            throw .invalidBudget("\(budget)")
        }
        return Array(stride(from: 0, to: layout.tokensPerPartition, by: layout.tokensPerPartition / share))
    }
}
