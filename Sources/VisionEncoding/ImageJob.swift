package import Crypto
package import HiRED
package import ImageProcessing

/// One picture on its way to token embeddings: which views are to be encoded next, and what they gave.
///
/// The full view comes first, since the budgets of tiles depend on it; tiles without a budget are never encoded.
package struct ImageJob {
    package let partitions: ImagePartitions
    package let options: SelectionOptions
    private let strategy: any TokenDroppingStrategy
    private var allocation: TokenAllocation?
    private var views: [VisionEncoder.EncodedView?]
    /// Numbers of views still to be encoded, 0 being the full view.
    private var pending = [0]

    /// - Parameter digest: of the picture, so that what is drawn at random differs from picture to picture.
    /// - Throws: `HiREDError`, also for a strategy that drops tokens of a model that takes the CLS token.
    package init(_ partitions: ImagePartitions, digest: SHA256.Digest, options: SelectionOptions) throws {
        self.partitions = partitions
        self.options = options
        let seed = digest.prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        strategy = try options.makeStrategy(pictureSeed: seed)
        try options.check(partitions.layout)
        guard !strategy.dropsTokens || !partitions.layout.includesClassToken else { throw HiREDError.classTokenKept }
        views = [VisionEncoder.EncodedView?](repeating: nil, count: partitions.layout.partitionCount)
    }

    /// Some view has been taken.
    package private(set) var hasBegun = false

    /// All views that are needed are there.
    package var isEncoded: Bool { pending.isEmpty }

    /// Takes up to `limit` views to be encoded.
    package mutating func nextViews(limit: Int) -> [(number: Int, view: VisionEncoder.View)] {
        hasBegun = true
        let numbers = pending.prefix(limit)
        pending.removeFirst(numbers.count)
        return numbers.map { ($0, view($0)) }
    }

    private func view(_ number: Int) -> VisionEncoder.View {
        VisionEncoder.View(
            taps: number == 0 ? strategy.allocationTaps.union(strategy.selectionTaps) : strategy.selectionTaps
        ) { [partitions] in partitions.write(view: number, to: $0) }
    }

    /// Takes an encoded view in; after the full view it is known which tiles are needed.
    ///
    /// - Throws: `HiREDError`.
    package mutating func accept(_ encoded: VisionEncoder.EncodedView, number: Int) throws {
        views[number] = encoded
        guard number == 0 else { return }
        let allocation = try strategy.allocate(options.budget, layout: partitions.layout, fullView: encoded.taps)
        guard allocation.budgets.count == partitions.layout.partitionCount else {
            throw HiREDError.invalidSelection("\(allocation.budgets.count) budgets")
        }
        self.allocation = allocation
        if allocation.budgets[0] == 0 { views[0] = nil }
        pending = allocation.budgets.indices.dropFirst().filter { allocation.budgets[$0] > 0 }
    }

    /// Whether the strategy reads how alike tokens are.
    package var comparesTokens: Bool { strategy is any ComparingStrategy }

    /// The rows whose cosines the selection needs, once all views are encoded; empty for strategies that compare nothing.
    ///
    /// - Throws: `HiREDError`.
    package func comparedRows() throws -> [Comparison.Rows?] {
        guard let allocation, let strategy = strategy as? any ComparingStrategy else { return [] }
        return try strategy.comparison.rows(allocation, layout: partitions.layout, taps: views.map { $0?.taps })
    }

    /// The selection, once all views are encoded.
    ///
    /// - Parameter cosines: of ``comparedRows()``.
    /// - Throws: `HiREDError`.
    package func select(cosines: [CosineMatrix?]) throws -> ImageTokens {
        guard let allocation else { fatalError("a job is asked for its selection only when its views are encoded") }
        let taps = views.map { $0?.taps }
        let selection =
            if let strategy = strategy as? any ComparingStrategy {
                try strategy.select(allocation, layout: partitions.layout, taps: taps, cosines: cosines)
            } else {
                try strategy.select(allocation, layout: partitions.layout, taps: taps)
            }
        if strategy.obeysBudget, let budget = selection.allocation.budget, selection.count > budget {
            throw HiREDError.invalidSelection("\(selection.count) tokens are more than the budget of \(budget)")
        }
        return ImageTokens(layout: partitions.layout, selection: selection, attention: taps.map(Self.attention))
    }

    /// A view's attention as bytes, for whoever draws it.
    private static func attention(_ taps: ViewTaps?) -> [UInt8] {
        guard let row = taps?.values[VisionTap(.classAttention, layer: .final)], let most = row.max(), most > 0 else {
            return []
        }
        return row.map { value in
            let share = (255 * value / most).rounded()
            return share >= 0 && share <= 255 ? UInt8(share) : 0
        }
    }

    /// Whether the strategy had every token projected, so that what it kept is not projected again.
    package var keepsProjected: Bool { strategy.selectionTaps.contains(.projected) }

    /// The features of the kept tokens in packed order [K, C], or their projections [K, D] if it chose among those;
    /// merged ones are sums.
    ///
    /// - Throws: `HiREDError.invalidSelection` for tokens of views that were not encoded.
    package func keptRows(_ tokens: ImageTokens, width: Int) throws -> [Float] {
        try tokens.selection.rows(
            of: views.map { keepsProjected ? $0?.taps.values[.projected] : $0?.features }, width: width)
    }
}
