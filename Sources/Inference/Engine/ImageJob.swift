import HiRED
import ImageProcessing

/// One picture on its way to token embeddings: which views are to be encoded next, and what they gave.
///
/// The full view comes first, since the budgets of tiles depend on it; tiles without a budget are never encoded.
struct ImageJob {
    let partitions: ImagePartitions
    let options: SelectionOptions
    private let strategy: any TokenDroppingStrategy
    private var allocation: TokenAllocation?
    private var canvas: RGBImage?
    private var views: [VisionEncoder.EncodedView?]
    /// Numbers of views still to be encoded, 0 being the full view.
    private var pending = [0]

    /// - Throws: `HiREDError`.
    init(_ partitions: ImagePartitions, options: SelectionOptions) throws {
        self.partitions = partitions
        self.options = options
        strategy = try options.makeStrategy()
        views = [VisionEncoder.EncodedView?](repeating: nil, count: partitions.layout.partitionCount)
    }

    /// Some view has been taken.
    private(set) var hasBegun = false

    /// All views that are needed are there.
    var isEncoded: Bool { pending.isEmpty }

    /// Takes up to `limit` views to be encoded.
    mutating func nextViews(limit: Int) -> [(number: Int, view: VisionEncoder.View)] {
        hasBegun = true
        let numbers = pending.prefix(limit)
        pending.removeFirst(numbers.count)
        if numbers.contains(where: { $0 > 0 }), canvas == nil { canvas = partitions.canvas() }
        return numbers.map { ($0, view($0)) }
    }

    private func view(_ number: Int) -> VisionEncoder.View {
        let partitions = partitions
        let size = partitions.viewSize * partitions.viewSize * 3
        guard number > 0, let canvas else {
            return VisionEncoder.View(taps: strategy.allocationTaps.union(strategy.selectionTaps)) { target in
                partitions.fullView.withUnsafePixels { _ = target.update(fromContentsOf: $0.prefix(size)) }
            }
        }
        return VisionEncoder.View(taps: strategy.selectionTaps) { target in
            partitions.write(tiles: [number - 1], of: canvas, to: target)
        }
    }

    /// Takes an encoded view in; after the full view it is known which tiles are needed.
    ///
    /// - Throws: `HiREDError`.
    mutating func accept(_ encoded: VisionEncoder.EncodedView, number: Int) throws {
        views[number] = encoded
        guard number == 0 else { return }
        let allocation = try strategy.allocate(options.budget, layout: partitions.layout, fullView: encoded.taps)
        self.allocation = allocation
        if allocation.budgets[0] == 0 { views[0] = nil }
        pending = allocation.budgets.indices.dropFirst().filter { allocation.budgets[$0] > 0 }
    }

    /// The selection, once all views are encoded.
    ///
    /// - Throws: `HiREDError`.
    func select() throws -> ImageTokens {
        guard let allocation else { fatalError("a job is asked for its selection only when its views are encoded") }
        let selection = try strategy.select(allocation, layout: partitions.layout, taps: views.map { $0?.taps })
        return ImageTokens(layout: partitions.layout, selection: selection)
    }

    /// The features of the kept tokens [K, C], in packed order.
    func keptFeatures(_ tokens: ImageTokens, width: Int) -> [Float] {
        var kept: [Float] = []
        kept.reserveCapacity(tokens.kept * width)
        for case .token(let partition, let index) in tokens.selection.slots {
            if let view = views[partition] { kept += view.features[(index * width)..<((index + 1) * width)] }
        }
        return kept
    }
}
