/// SCOPE (arXiv 2510.24214): tokens that together are like as many others as possible, weighted by how much the CLS
/// token attends to them. The budget is shared out as HiRED shares it, or evenly; padding takes no part.
public struct ScopeStrategy: ComparingStrategy {
    private static let attention = VisionTap(.classAttention, layer: .final)
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
            let tokens = layout.keepable(partition: partition)
            guard allocation.budgets[partition] > 0, !tokens.isEmpty else {
                order.append([])
                continue
            }
            let row = try (taps[partition] ?? ViewTaps()).values(
                of: Self.attention, count: layout.tokensPerPartition, partition: partition)
            let chosen = Self.choose(
                allocation.budgets[partition], weights: tokens.map { row[$0] },
                try matrix(partition, of: cosines, count: tokens.count))
            order.append(chosen.map { tokens[$0] })
        }
        return try TokenSelection(layout: layout, allocation: allocation, order: order, separators: separators)
    }

    /// Greedy coverage: again and again the row v of largest w_v · Σ_u max(0, S_uv − c_u), where c_u is the largest cosine
    /// of u with what is chosen already (0 at first). Ties go to the lower index.
    ///
    /// What a row gains never grows, in floating point neither: every term and every partial sum is monotone in c. So a
    /// row is computed again only when what it gained some steps ago is the largest of all. O(count·rows²) at worst.
    ///
    /// - Returns: in the order of choosing.
    static func choose(_ count: Int, weights: [Float], _ cosines: CosineMatrix) -> [Int] {
        let rows = cosines.count
        var chosen: [Int] = []
        var covered = [Float](repeating: 0, count: rows)
        var steps = [Int](repeating: 0, count: rows)
        cosines.values.withUnsafeBufferPointer { values in
            covered.withUnsafeMutableBufferPointer { covered in
                guard let values = values.baseAddress, let covered = covered.baseAddress else { return }
                func gain(_ row: Int) -> Float {
                    weights[row] * UnsafeRows.gain(values + row * rows, over: covered, rows)
                }
                var queue = RankedQueue((0..<rows).map { ($0, gain($0)) })
                while chosen.count < min(count, rows), let row = queue.first {
                    guard steps[row] == chosen.count else {
                        steps[row] = chosen.count
                        queue.lowerFirst(to: gain(row))
                        continue
                    }
                    queue.removeFirst()
                    chosen.append(row)
                    UnsafeRows.raise(covered, to: values + row * rows, rows)
                }
            }
        }
        return chosen
    }
}
