/// How a budget was shared out, before any tile is encoded.
public struct TokenAllocation: Sendable, Equatable {
    /// Tokens to keep in each partition, the full view first. A tile with 0 need not be encoded.
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
}

/// The tokens of a picture that reach the language model, and their order.
public struct TokenSelection: Sendable, Equatable {
    public let allocation: TokenAllocation
    /// Kept token indices of each partition, ascending.
    public let kept: [[Int]]
    /// The image embeddings in order: full view, then tiles in canvas raster order.
    public let slots: [ImageSlot]

    /// Image tokens after dropping.
    public var count: Int { slots.count }

    /// - Parameters:
    ///   - kept: per partition, ascending, no padding.
    ///   - separators: whether rows that keep a token end with a separator.
    public init(layout: PartitionLayout, allocation: TokenAllocation, kept: [[Int]], separators: Bool) {
        self.allocation = allocation
        self.kept = kept
        slots = Self.pack(layout, kept, separators: separators ? .keptRows : .none)
    }

    /// Everything that is not padding, with LLaVA-NeXT's separators.
    init(full layout: PartitionLayout, allocation: TokenAllocation) {
        self.allocation = allocation
        kept = (0..<layout.partitionCount).map { layout.keepable(partition: $0) }
        slots = Self.pack(layout, kept, separators: .unpaddedRows)
    }

    /// A selection that was made before padding was taken out: `kept` says what was chosen, `slots` what is left.
    init(removingPaddingFrom chosen: [[Int]], layout: PartitionLayout, allocation: TokenAllocation) {
        self.allocation = allocation
        kept = chosen
        let left = chosen.enumerated().map { partition, tokens in
            tokens.filter { !layout.isPadding(partition: partition, token: $0) }
        }
        slots = Self.pack(layout, left, separators: .none)
    }

    private enum Separators { case none, keptRows, unpaddedRows }

    /// Canvas raster order: token row by token row, within it tile by tile. O(kept + rows·tiles).
    private static func pack(_ layout: PartitionLayout, _ kept: [[Int]], separators: Separators) -> [ImageSlot] {
        var slots: [ImageSlot] = []
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
