/// No dropping: LLaVA-NeXT's own layout, a separator after every row of the canvas that is not padding.
public struct FullStrategy: TokenDroppingStrategy {
    public init() {}

    public var dropsTokens: Bool { false }
    public var allocationTaps: Set<VisionTap> { [] }
    public var selectionTaps: Set<VisionTap> { [] }

    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        TokenAllocation(
            budgets: (0..<layout.partitionCount).map { layout.capacity(partition: $0) }, budget: nil)
    }

    public func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        try layout.check(allocation, taps)
        return TokenSelection(full: layout, allocation: allocation)
    }
}

/// A strategy that looks at nothing but places in the picture, so both steps choose the same ones.
protocol PlaceStrategy: TokenDroppingStrategy {
    var separators: Bool { get }
    /// Ascending places among the tokens that are not padding, in the order of partitions.
    func positions(_ budget: Int, of layout: PartitionLayout) -> [Int]
}

extension PlaceStrategy {
    public var allocationTaps: Set<VisionTap> { [] }
    public var selectionTaps: Set<VisionTap> { [] }

    public func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        let total = try budget.tokenCount(of: layout.totalTokens)
        return TokenAllocation(
            budgets: layout.partitions(of: positions(total, of: layout)).map(\.count), budget: total)
    }

    public func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        try layout.check(allocation, taps)
        let total = max(allocation.budget ?? layout.totalTokens, 0)
        var kept = layout.partitions(of: positions(total, of: layout))
        if separators { SeparatorBudget.fit(&kept, layout: layout, budget: total) { _, _ in 0 } }
        return try TokenSelection(layout: layout, allocation: allocation, kept: kept, separators: separators)
    }
}

/// Evenly spaced tokens of the whole picture, padding left out.
public struct UniformStrategy: PlaceStrategy {
    let separators: Bool

    /// Place k of B is ⌊k·L/B⌋ in the order of partitions, row by row.
    func positions(_ budget: Int, of layout: PartitionLayout) -> [Int] {
        let length = layout.keepableTokens
        let count = min(budget, length)
        return (0..<count).map { $0 * length / count }
    }
}

/// Tokens drawn without replacement from the whole picture, padding left out. The same seed draws the same tokens.
public struct RandomStrategy: PlaceStrategy {
    let seed: UInt64
    let separators: Bool

    /// The first B of a Fisher-Yates shuffle, sorted.
    func positions(_ budget: Int, of layout: PartitionLayout) -> [Int] {
        var places = Array(0..<layout.keepableTokens)
        let count = min(budget, places.count)
        var generator = SplitMix64(seed: seed)
        for index in 0..<count {
            places.swapAt(index, Int.random(in: index..<places.count, using: &generator))
        }
        return places.prefix(count).sorted()
    }
}

extension PartitionLayout {
    /// Places in the order of partitions, as token indices of each partition.
    fileprivate func partitions(of positions: [Int]) -> [[Int]] {
        var result: [[Int]] = []
        var start = 0
        var cursor = 0
        for partition in 0..<partitionCount {
            let tokens = keepable(partition: partition)
            var kept: [Int] = []
            while cursor < positions.count, positions[cursor] < start + tokens.count {
                kept.append(tokens[positions[cursor] - start])
                cursor += 1
            }
            start += tokens.count
            result.append(kept)
        }
        return result
    }
}
