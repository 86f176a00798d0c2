/// Which rows a strategy compares, each with all others.
public struct Comparison: Sendable, Hashable {
    public enum Scope: Sendable, Hashable {
        /// The tokens of each view with a budget among themselves; those that are padding too, or not.
        case views(padding: Bool)
        /// All tokens of the picture that are not padding, in the order of partitions.
        case picture
    }

    public let tap: VisionTap
    public let scope: Scope

    public init(_ tap: VisionTap, _ scope: Scope) {
        self.tap = tap
        self.scope = scope
    }

    /// Rows that are compared with each other: [count, width], row-major.
    public struct Rows: Sendable {
        public var values: [Float]
        public var count: Int
    }

    /// The rows of each matrix: for views one for each partition, nil where it has no budget; for the picture a single
    /// one. O(values).
    ///
    /// - Throws: `HiREDError.invalidAttention` where a tap is missing or not as long as it must be.
    public func rows(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> [Rows?]
    {
        try layout.check(allocation, taps)
        let count = layout.tokensPerPartition
        var groups: [Rows?] = []
        for partition in 0..<layout.partitionCount {
            guard allocation.budgets[partition] > 0 else {
                groups.append(nil)
                continue
            }
            let all = try (taps[partition] ?? ViewTaps()).values(of: tap, count: count, partition: partition)
            let tokens = scope == .views(padding: true) ? nil : layout.keepable(partition: partition)
            guard let tokens, tokens.count < count else {
                groups.append(Rows(values: all, count: count))
                continue
            }
            let width = all.count / count
            var values: [Float] = []
            values.reserveCapacity(tokens.count * width)
            for token in tokens { values += all[(token * width)..<((token + 1) * width)] }
            groups.append(Rows(values: values, count: tokens.count))
        }
        guard scope == .picture else { return groups }
        var picture = Rows(values: [], count: 0)
        picture.values.reserveCapacity(groups.reduce(0) { $0 + ($1?.values.count ?? 0) })
        for group in groups {
            picture.values += group?.values ?? []
            picture.count += group?.count ?? 0
        }
        return [picture.count > 0 ? picture : nil]
    }
}

/// A strategy that reads how alike tokens are.
///
/// Whoever has a fast matrix product gives the cosines; without, the library computes them itself, more slowly.
public protocol ComparingStrategy: TokenDroppingStrategy {
    var comparison: Comparison { get }

    /// Chooses the tokens, no more than the budget.
    ///
    /// - Parameters:
    ///   - allocation: what `allocate` gave for the same layout.
    ///   - layout: how the picture was cut.
    ///   - taps: one for each partition, in order; nil where the budget is 0.
    ///   - cosines: of the rows that `comparison.rows` gives for the same allocation, in the same order.
    func select(
        _ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?], cosines: [CosineMatrix?]
    ) throws(HiREDError) -> TokenSelection
}

extension ComparingStrategy {
    public func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        var cosines: [CosineMatrix?] = []
        for rows in try comparison.rows(allocation, layout: layout, taps: taps) {
            guard let rows else {
                cosines.append(nil)
                continue
            }
            cosines.append(try CosineMatrix(comparing: rows))
        }
        return try select(allocation, layout: layout, taps: taps, cosines: cosines)
    }

    /// The matrix of some rows, as many as there must be.
    func matrix(_ place: Int, of cosines: [CosineMatrix?], count: Int) throws(HiREDError) -> CosineMatrix {
        guard cosines.indices.contains(place), let matrix = cosines[place], matrix.count == count else {
            throw .invalidAttention("there are no cosines of \(count) rows for partition \(place)")
        }
        return matrix
    }
}
