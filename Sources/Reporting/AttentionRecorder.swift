package import HiREDInference
import Synchronization

/// Keeps every token, and remembers what the CLS token attends to in some layers.
package final class AttentionRecorder: TokenDroppingStrategy {
    private let layers: [VisionTap.Layer]
    private let views = Mutex<[ViewTaps?]>([])

    package init(_ layers: [VisionTap.Layer]) { self.layers = layers }

    package var allocationTaps: Set<VisionTap> { [] }
    package var selectionTaps: Set<VisionTap> { Set(layers.map { VisionTap(.classAttention, layer: $0) }) }

    package func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        TokenAllocation(budgets: (0..<layout.partitionCount).map { layout.capacity(partition: $0) }, budget: nil)
    }

    package func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        views.withLock { $0 = taps }
        let all = (0..<layout.partitionCount).map { partition in
            (0..<layout.tokensPerPartition).filter { !layout.isPadding(partition: partition, token: $0) }
        }
        return try TokenSelection(layout: layout, allocation: allocation, kept: all, separators: false)
    }

    /// Attention of a layer for each partition, head-summed, as shares of the view's largest; zeros for a view that is all
    /// padding.
    package func shares(_ layer: VisionTap.Layer, count: Int) -> [[Float]] {
        views.withLock { $0 }.map { view in
            let row = view?.values[VisionTap(.classAttention, layer: layer)] ?? [Float](repeating: 0, count: count)
            let most = max(row.max() ?? 0, .leastNormalMagnitude)
            return row.map { $0 / most }
        }
    }

    /// Runs a picture through a model's vision tower.
    package static func record(_ image: ImageInput, layers: [VisionTap.Layer], with model: VisionLanguageModel)
        async throws -> (recorder: AttentionRecorder, selection: PictureSelection)
    {
        let recorder = AttentionRecorder(layers)
        var options = SelectionOptions()
        // More than any picture has.
        options.budget = .tokens(1 << 24)
        options.unnamedStrategy = UnnamedStrategy(label: "attention of \(layers)", recorder)
        return (recorder, try await model.select(image, options: options))
    }
}
