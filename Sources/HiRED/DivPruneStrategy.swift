/// DivPrune (arXiv 2503.02175): projected tokens as far from each other as possible, by 1 − cosine. Attention takes no
/// part in the choice, nor do padding and separators.
public struct DivPruneStrategy: ComparingStrategy {
    /// Nil chooses from the whole picture; otherwise each view has a budget of its own.
    private let sharing: BudgetSharing?
    private let separators: Bool

    init(_ sharing: BudgetSharing?, separators: Bool) {
        self.sharing = sharing
        self.separators = separators
    }

    public var allocationTaps: Set<VisionTap> { sharing?.taps ?? [] }
    public var selectionTaps: Set<VisionTap> { [.projected] }
    public var comparison: Comparison { Comparison(.projected, sharing == nil ? .picture : .views(padding: false)) }

    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        if let sharing { return try sharing.allocate(budget, layout: layout, fullView: fullView) }
        return TokenAllocation(
            budgets: (0..<layout.partitionCount).map { layout.capacity(partition: $0) },
            budget: try budget.tokenCount(of: layout.totalTokens))
    }

    public func select(
        _ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?], cosines: [CosineMatrix?]
    ) throws(HiREDError) -> TokenSelection {
        try layout.check(allocation, taps)
        var order = [[Int]](repeating: [], count: layout.partitionCount)
        guard sharing == nil else {
            for partition in order.indices {
                let tokens = layout.keepable(partition: partition)
                guard allocation.budgets[partition] > 0, !tokens.isEmpty else { continue }
                let matrix = try matrix(partition, of: cosines, count: tokens.count)
                order[partition] = Self.choose(allocation.budgets[partition], matrix).map { tokens[$0] }
            }
            return try TokenSelection(layout: layout, allocation: allocation, order: order, separators: separators)
        }
        let tokens = (0..<layout.partitionCount).flatMap { partition in
            allocation.budgets[partition] > 0 ? layout.keepable(partition: partition).map { (partition, $0) } : []
        }
        guard !tokens.isEmpty else { throw .invalidLayout("no view has a budget") }
        let chosen = Self.choose(
            max(allocation.budget ?? layout.totalTokens, 0), try matrix(0, of: cosines, count: tokens.count))
        var ranks = [[Int]](repeating: [], count: layout.partitionCount)
        for (rank, place) in chosen.enumerated() {
            let (partition, token) = tokens[place]
            order[partition].append(token)
            ranks[partition].append(rank)
        }
        return try TokenSelection(
            layout: layout,
            allocation: TokenAllocation(budgets: order.map(\.count), budget: allocation.budget), order: order,
            ranks: ranks, separators: separators)
    }

    /// The row whose nearest other row is farthest; then again and again the row farthest from the nearest chosen one.
    /// Ties go to the lower index. O(rows² + count·rows).
    ///
    /// - Returns: in the order of choosing.
    static func choose(_ count: Int, _ cosines: CosineMatrix) -> [Int] {
        let rows = cosines.count
        guard count > 0 else { return [] }
        return cosines.values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return [] }
            // The nearest other row of each: the largest cosine but its own.
            var own = [Float](repeating: 0, count: rows)
            let nearest = own.withUnsafeMutableBufferPointer { own -> [Float] in
                guard let mask = own.baseAddress else { return [] }
                return (0..<rows).map { row in
                    mask[row] = -8
                    defer { mask[row] = 0 }
                    return 1 - UnsafeRows.largest(values + row * rows, plus: mask, rows)
                }
            }
            var next = Ranking.largest(1, of: nearest, among: nearest.indices)[0]
            var chosen: [Int] = []
            var distances = [Float](repeating: .greatestFiniteMagnitude, count: rows)
            return distances.withUnsafeMutableBufferPointer { distances in
                guard let base = distances.baseAddress else { return [] }
                while true {
                    chosen.append(next)
                    guard chosen.count < min(count, rows) else { return chosen }
                    base[next] = -.infinity
                    next = UnsafeRows.lower(base, by: values + next * rows, rows)
                }
            }
        }
    }
}
