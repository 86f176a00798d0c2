/// PruMerge and PruMerge+ (arXiv 2403.15388), as the authors of HiRED ran them.
///
/// How many tokens a view keeps follows from its own attention: a budget does not apply. Every view is treated alike,
/// padding included, and packed one behind the other: the kept tokens by descending attention, each with its nearest
/// others added to it, and one sum of all the rest. No separators.
public struct PruMergeStrategy: ComparingStrategy {
    private static let attention = VisionTap(.classAttentionUnsplit, layer: .index(-1))
    private static let keys = VisionTap(.keys, layer: .index(-1))
    /// Tokens that are added to a kept one.
    private static let neighbours = 32
    /// Keeps evenly spaced tokens besides.
    private let plus: Bool

    init(plus: Bool) { self.plus = plus }

    public var allocationTaps: Set<VisionTap> { [] }
    public var selectionTaps: Set<VisionTap> { [Self.attention, Self.keys] }
    public var comparison: Comparison { Comparison(Self.keys, .views(padding: true)) }

    /// - Throws: `HiREDError.classTokenKept` with a CLS token in the layout.
    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        TokenAllocation(
            budgets: [Int](repeating: layout.tokensPerPartition, count: layout.partitionCount), budget: nil)
    }

    public func select(
        _ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?], cosines: [CosineMatrix?]
    ) throws(HiREDError) -> TokenSelection {
        try layout.check(allocation, taps)
        guard !layout.includesClassToken else { throw .classTokenKept }
        let count = layout.tokensPerPartition
        var packed: [MergedToken] = []
        var budgets = [Int](repeating: 0, count: layout.partitionCount)
        for partition in layout.partitionsInOrder {
            let row = try (taps[partition] ?? ViewTaps()).values(of: Self.attention, count: count, partition: partition)
            let matrix = try matrix(partition, of: cosines, count: count)
            let kept = Self.kept(row, plus: plus)
            var isKept = [Bool](repeating: false, count: count)
            for token in kept { isKept[token] = true }
            func weighted(_ token: Int) -> WeightedToken {
                WeightedToken(partition: partition, index: token, weight: row[token])
            }
            for token in kept {
                let nearness = Array(matrix.values[(token * count)..<((token + 1) * count)])
                let nearest = Ranking.largestFirst(
                    Self.neighbours, of: nearness, among: (0..<count).lazy.filter { $0 != token })
                let itself = WeightedToken(partition: partition, index: token, weight: 1)
                packed.append(
                    MergedToken(partition: partition, place: token, sum: nearest.map(weighted) + [itself]))
            }
            packed.append(
                MergedToken(partition: partition, place: nil, sum: isKept.indices.filter { !isKept[$0] }.map(weighted)))
            budgets[partition] = kept.count + 1
        }
        return try TokenSelection(
            layout: layout, allocation: TokenAllocation(budgets: budgets, budget: nil), packing: packed)
    }

    /// Tokens in packed order: those of highest attention, as many as there are outliers, and with `plus` evenly spaced
    /// ones. Where there is no outlier the spacing is as wide as the view.
    static func kept(_ attention: [Float], plus: Bool) -> [Int] {
        let count = attention.count
        let share = Double(outliers(attention)) / Double(count)
        // As the code computes it: the product may lie a little below the number of outliers.
        var kept = Ranking.largestFirst(Int(Double(count) * share), of: attention, among: attention.indices)
        guard plus else { return kept }
        let chosen = Set(kept)
        let spacing = share > 0 ? max(Int(1 / share) / 3, 1) : count
        kept += stride(from: 0, to: count - 1, by: spacing).filter { !chosen.contains($0) }
        return kept
    }

    /// How many values lie above Q3 + 1.5·IQR, by NumPy's linear percentiles.
    private static func outliers(_ values: [Float]) -> Int {
        let sorted = values.map(Double.init).sorted()
        func quantile(_ share: Double) -> Double {
            let place = share * Double(sorted.count - 1)
            let low = Int(place)
            let high = min(low + 1, sorted.count - 1)
            return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
        }
        let (first, third) = (quantile(0.25), quantile(0.75))
        let bound = third + 1.5 * (third - first)
        return values.count { Double($0) > bound }
    }
}
