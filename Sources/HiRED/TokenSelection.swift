/// How a budget was shared out, before any tile is encoded.
public struct TokenAllocation: Sendable, Equatable {
    /// Most tokens to keep in each partition, the full view first. A tile with 0 need not be encoded.
    public var budgets: [Int]
    /// Visual content score S_i of each tile; empty where a strategy has none.
    public var scores: [Double]
    /// The budget B that was shared out; nil for `full`.
    public var budget: Int?

    public init(budgets: [Int], scores: [Double] = [], budget: Int?) {
        self.budgets = budgets
        self.scores = scores
        self.budget = budget
    }
}

/// One place in the packed sequence of image embeddings.
public enum ImageSlot: Sendable, Hashable {
    /// A visual token: partition and index within it, row-major.
    case token(partition: Int, index: Int)
    /// LLaVA-NeXT's `image_newline`.
    case separator
    /// The vision transformer's CLS token, of a model that takes it: always the first.
    case classToken
    /// A sum of a partition's tokens that takes the place of none of them.
    case merged(partition: Int)
}

/// A sum of tokens that is one slot.
struct MergedToken: Sendable, Hashable {
    var partition: Int
    /// The token whose place the sum takes; nil for none.
    var place: Int?
    var sum: [WeightedToken]
}

/// A token's part of a merged one.
public struct WeightedToken: Sendable, Hashable {
    public var partition: Int
    /// Within the partition, row-major.
    public var index: Int
    public var weight: Float

    public init(partition: Int, index: Int, weight: Float) {
        self.partition = partition
        self.index = index
        self.weight = weight
    }
}

/// The tokens of a picture that reach the language model, and their order.
public struct TokenSelection: Sendable, Equatable {
    public let allocation: TokenAllocation
    /// Kept token indices of each partition, ascending.
    public let kept: [[Int]]
    /// The image embeddings in the layout's order.
    public let slots: [ImageSlot]
    /// What slots, by their number, are weighted sums of; a slot that is not here is its own token as it is. Empty for
    /// strategies that only choose.
    public let merges: [Int: [WeightedToken]]

    /// Image tokens after dropping.
    public var count: Int { slots.count }

    /// A choice of tokens, each as it is.
    ///
    /// - Parameters:
    ///   - layout: how the picture was cut.
    ///   - allocation: how the budget was shared out.
    ///   - kept: per partition, ascending, no padding.
    ///   - separators: whether rows that keep a token end with a separator.
    /// - Throws: `HiREDError.invalidSelection` for tokens that the layout does not have, or not in that order;
    ///   `.classTokenKept` for a layout with a CLS token; `.noSeparators`.
    public init(
        layout: PartitionLayout, allocation: TokenAllocation, kept: [[Int]], separators: Bool
    ) throws(HiREDError) {
        try Self.check(kept, layout)
        guard !separators || layout.order == .canvasRows else { throw .noSeparators }
        self.allocation = allocation
        self.kept = kept
        merges = [:]
        slots = Self.pack(layout, kept, separators: separators ? .keptRows : .none)
    }

    /// A choice of tokens, each as it is, in the order in which they were chosen; where separators need room, the last
    /// ones go.
    ///
    /// - Parameter ranks: of each token in that order, where partitions chose together; its place otherwise.
    init(
        layout: PartitionLayout, allocation: TokenAllocation, order: [[Int]], ranks: [[Int]]? = nil, separators: Bool
    ) throws(HiREDError) {
        var kept = order.map { $0.sorted() }
        if separators {
            try Self.check(kept, layout)
            let values = order.enumerated().map { partition, tokens in
                var values = [Float](repeating: -.infinity, count: layout.tokensPerPartition)
                for (place, token) in tokens.enumerated() { values[token] = -Float(ranks?[partition][place] ?? place) }
                return values
            }
            SeparatorBudget.fit(&kept, layout: layout, budget: allocation.budget) { values[$0][$1] }
        }
        try self.init(layout: layout, allocation: allocation, kept: kept, separators: separators)
    }

    /// Tokens that others are merged into.
    ///
    /// - Parameters:
    ///   - layout: how the picture was cut.
    ///   - allocation: how the budget was shared out.
    ///   - kept: per partition, ascending, no padding: the tokens whose places the sums take.
    ///   - sums: for each of them, in the same order, what it becomes a sum of; nothing where it stays as it is. The
    ///     token itself counts only where it is named.
    ///   - separators: whether rows that keep a token end with a separator.
    /// - Throws: `HiREDError.invalidSelection` for tokens that the layout does not have, or weights that are not finite.
    public init(
        layout: PartitionLayout, allocation: TokenAllocation, kept: [[Int]], merging sums: [[[WeightedToken]]],
        separators: Bool = false
    ) throws(HiREDError) {
        try Self.check(kept, layout)
        guard sums.map(\.count) == kept.map(\.count) else {
            throw .invalidSelection("there is not one sum for each kept token")
        }
        try Self.check(sums.joined().joined(), layout)
        var merges: [Int: [WeightedToken]] = [:]
        var cursors = [Int](repeating: 0, count: kept.count)
        slots = Self.pack(layout, kept, separators: separators ? .keptRows : .none)
        for (number, slot) in slots.enumerated() {
            guard case .token(let partition, _) = slot else { continue }
            // Packing keeps the order within a partition.
            let sum = sums[partition][cursors[partition]]
            cursors[partition] += 1
            if !sum.isEmpty { merges[number] = sum }
        }
        self.allocation = allocation
        self.kept = kept
        self.merges = merges
    }

    /// Sums in an order of the strategy's own, without separators.
    ///
    /// - Parameters:
    ///   - layout: how the picture was cut.
    ///   - allocation: how the budget was shared out.
    ///   - tokens: in packed order; each token at most once.
    /// - Throws: `HiREDError.invalidSelection` for tokens that the layout does not have, or weights that are not finite.
    init(
        layout: PartitionLayout, allocation: TokenAllocation, packing tokens: [MergedToken]
    ) throws(HiREDError) {
        var kept = [[Int]](repeating: [], count: layout.partitionCount)
        var slots: [ImageSlot] = []
        var merges: [Int: [WeightedToken]] = [:]
        for token in tokens {
            guard kept.indices.contains(token.partition) else {
                throw .invalidSelection("there is no partition \(token.partition)")
            }
            try Self.check(token.sum, layout)
            if let place = token.place {
                kept[token.partition].append(place)
                slots.append(.token(partition: token.partition, index: place))
            } else {
                slots.append(.merged(partition: token.partition))
            }
            merges[slots.count - 1] = token.sum
        }
        for partition in kept.indices { kept[partition].sort() }
        try Self.check(kept, layout)
        self.allocation = allocation
        self.kept = kept
        self.slots = slots
        self.merges = merges
    }

    private static func check(_ sum: some Sequence<WeightedToken>, _ layout: PartitionLayout) throws(HiREDError) {
        for token in sum {
            guard (0..<layout.partitionCount).contains(token.partition),
                (0..<layout.tokensPerPartition).contains(token.index), token.weight.isFinite
            else {
                throw .invalidSelection("token \(token.index) of partition \(token.partition) cannot be merged")
            }
        }
    }

    private static func check(_ kept: [[Int]], _ layout: PartitionLayout) throws(HiREDError) {
        guard !layout.includesClassToken else { throw .classTokenKept }
        guard kept.count == layout.partitionCount else {
            throw .invalidSelection("\(kept.count) lists of tokens for \(layout.partitionCount) partitions")
        }
        for (partition, tokens) in kept.enumerated() {
            let isSound =
                zip(tokens, tokens.dropFirst()).allSatisfy { $0 < $1 }
                && (tokens.first ?? 0) >= 0 && (tokens.last ?? 0) < layout.tokensPerPartition
            guard isSound else { throw .invalidSelection("the tokens of partition \(partition) are not ascending") }
        }
    }

    /// Everything that is not padding, with LLaVA-NeXT's separators, or behind the CLS token.
    init(full layout: PartitionLayout, allocation: TokenAllocation) {
        self.allocation = allocation
        kept = (0..<layout.partitionCount).map { layout.keepable(partition: $0) }
        merges = [:]
        slots =
            (layout.includesClassToken ? [.classToken] : []) + Self.pack(layout, kept, separators: .unpaddedRows)
    }

    /// A selection that was made before padding was taken out: `kept` says what was chosen, `slots` what is left.
    init(
        removingPaddingFrom chosen: [[Int]], layout: PartitionLayout, allocation: TokenAllocation
    ) throws(HiREDError) {
        try Self.check(chosen, layout)
        self.allocation = allocation
        kept = chosen
        merges = [:]
        let left = chosen.enumerated().map { partition, tokens in
            tokens.filter { !layout.isPadding(partition: partition, token: $0) }
        }
        slots = Self.pack(layout, left, separators: .none)
    }

    private enum Separators { case none, keptRows, unpaddedRows }

    /// The layout's order: view by view, or token row by token row of the canvas and within it tile by tile.
    /// O(kept + rows·tiles).
    private static func pack(_ layout: PartitionLayout, _ kept: [[Int]], separators: Separators) -> [ImageSlot] {
        var slots: [ImageSlot] = []
        guard layout.order == .canvasRows else {
            return layout.partitionsInOrder.flatMap { partition in
                kept[partition].map { .token(partition: partition, index: $0) }
            }
        }
        slots.reserveCapacity(kept.reduce(0) { $0 + $1.count } + (separators == .none ? 0 : layout.keptRows.count))
        for index in kept[0] { slots.append(.token(partition: 0, index: index)) }
        guard layout.tileCount > 0 else { return slots }
        var cursors = [Int](repeating: 0, count: kept.count)
        for row in 0..<(layout.tileRows * layout.side) {
            let before = slots.count
            let end = (row % layout.side + 1) * layout.side
            for tileColumn in 0..<layout.tileColumns {
                let partition = row / layout.side * layout.tileColumns + tileColumn + 1
                while cursors[partition] < kept[partition].count, kept[partition][cursors[partition]] < end {
                    slots.append(.token(partition: partition, index: kept[partition][cursors[partition]]))
                    cursors[partition] += 1
                }
            }
            switch separators {
            case .none: break
            case .keptRows: if slots.count > before { slots.append(.separator) }
            case .unpaddedRows: if layout.keptRows.contains(row) { slots.append(.separator) }
            }
        }
        return slots
    }
}
