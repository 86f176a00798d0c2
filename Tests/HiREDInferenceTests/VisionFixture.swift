import Checkpoints
import ElementTypes
import Foundation
import HiRED
import ImageProcessing
import ModelGraphs
import ModelImport
import Synchronization
import Testing
import VisionEncoding

/// What Transformers gives for every tap (tools/parity/taps.py), and pictures encoded with strategies of the tests.
struct TapFixture {
    static let pictures = ["next-mha": "grid-2x1.png", "llava-pad": "grid-1x2.png"]

    let checkpoint: URL
    let picture: ImageInput
    private let arrays: MappedWeights

    /// - Parameter weights: `stored`, or `int8` for rounded matrices.
    init(_ name: String, weights: String = "stored") throws {
        let fixtures = try #require(Bundle.module.resourceURL).appending(path: "Fixtures")
        checkpoint = fixtures.appending(path: "parity/\(name)/checkpoint")
        picture = .file(fixtures.appending(path: "parity/images").appending(path: try #require(Self.pictures[name])))
        arrays = try MappedWeights(
            SafetensorsArchive(file: fixtures.appending(path: "taps/\(name)/\(weights).safetensors")))
    }

    func array(_ name: String) throws -> [Float] {
        let entry = try #require(arrays.tensors[name], "no array \(name)")
        return try arrays.withUnsafeBytes(of: entry) { Array($0.bindMemory(to: Float.self)) }
    }

    /// The checkpoint as a model folder.
    func imported(vision: WeightFormat, to scratch: Scratch) throws -> URL {
        var options = ModelImporter.Options()
        (options.weights, options.visionWeights) = (.f16, vision)
        let destination = scratch.url.appending(path: UUID().uuidString)
        try ModelImporter(options: options, createdBy: "test").run(CheckpointFolder.open(checkpoint), to: destination)
        return destination
    }
}

extension ImagePipeline {
    /// In float32.
    static func exact(_ url: URL, towerBytes: Int = .max) throws -> ImagePipeline {
        try ImagePipeline(
            GraphCompiler(openGraphSource(url), CompilationOptions(precision: .f32, threads: 2)),
            decoder: ImageDecoder(),
            towerBytes: towerBytes)
    }

    /// A picture through to its embeddings [K, D].
    func run(_ picture: ImageInput, _ options: SelectionOptions) throws -> Result {
        var timings = ImageTimings()
        let (job, digest) = try encode(picture, options: options, timings: &timings)
        return try finish(job, key: Self.key(digest, options: options), timings: &timings)
    }

    func run(_ picture: ImageInput, _ strategy: any TokenDroppingStrategy, budget: Int = 1000) throws -> Result {
        var options = SelectionOptions()
        options.budget = .tokens(budget)
        options.unnamedStrategy = UnnamedStrategy(label: "\(type(of: strategy))", strategy)
        return try run(picture, options)
    }
}

/// Keeps everything and remembers the taps of every view.
final class RecordingStrategy: TokenDroppingStrategy {
    let allocationTaps: Set<VisionTap>
    let selectionTaps: Set<VisionTap>
    private let recorded = Mutex<[ViewTaps]>([])

    init(_ taps: Set<VisionTap>) {
        allocationTaps = []
        selectionTaps = taps
    }

    var views: [ViewTaps] { recorded.withLock { $0 } }

    /// Of all views, one behind the other.
    func values(of tap: VisionTap) throws -> [Float] {
        try recorded.withLock { $0 }.flatMap { try #require($0.values[tap]) }
    }

    func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        TokenAllocation(budgets: (0..<layout.partitionCount).map { _ in layout.tokensPerPartition }, budget: nil)
    }

    func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        recorded.withLock { $0 = taps.compactMap { $0 } }
        return try TokenSelection(
            layout: layout, allocation: allocation,
            kept: taps.map { _ in Array(0..<layout.tokensPerPartition) }, separators: false)
    }
}

/// Four tokens a view, each the sum of itself and the four nearest to it by key, weighted by CLS attention without heads
/// (stated in NumPy in tools/parity/taps.py).
struct NearestMergeStrategy: TokenDroppingStrategy {
    private static let attention = VisionTap(.classAttentionUnsplit, layer: .final)
    private static let keys = VisionTap(.keys, layer: .final)

    /// Merges projected tokens in place of features.
    var mergesProjected = false

    var allocationTaps: Set<VisionTap> { [] }
    var selectionTaps: Set<VisionTap> {
        mergesProjected ? [Self.attention, Self.keys, .projected] : [Self.attention, Self.keys]
    }

    func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        TokenAllocation(
            budgets: (0..<layout.partitionCount).map { _ in 4 }, budget: try budget.tokenCount(of: layout.totalTokens))
    }

    func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        let count = layout.tokensPerPartition
        var kept: [[Int]] = []
        var sums: [[[WeightedToken]]] = []
        for (partition, view) in taps.enumerated() {
            let view = view ?? ViewTaps()
            let attention = try view.values(of: Self.attention, count: count, partition: partition)
            let keys = try view.values(of: Self.keys, count: count, partition: partition)
            let width = keys.count / count
            func dot(_ a: Int, _ b: Int) -> Float {
                (0..<width).reduce(0) { $0 + keys[a * width + $1] * keys[b * width + $1] }
            }
            let chosen = (0..<count).sorted { attention[$0] > attention[$1] }.prefix(4).sorted()
            kept.append(chosen)
            sums.append(
                chosen.map { token in
                    let nearness = (0..<count).map { dot($0, token) / dot($0, $0).squareRoot() }
                    let others = (0..<count).filter { !chosen.contains($0) }
                    let group = [token] + others.sorted { nearness[$0] > nearness[$1] }.prefix(4)
                    let total = group.reduce(0) { $0 + attention[$1] }
                    return group.map {
                        WeightedToken(partition: partition, index: $0, weight: attention[$0] / total)
                    }
                })
        }
        return try TokenSelection(layout: layout, allocation: allocation, kept: kept, merging: sums)
    }
}

/// The tokens of the whole picture whose projections are longest, views notwithstanding.
struct LongestStrategy: TokenDroppingStrategy {
    var allocationTaps: Set<VisionTap> { [] }
    var selectionTaps: Set<VisionTap> { [.projected] }

    func allocate(_ budget: TokenBudget, layout: PartitionLayout, fullView: ViewTaps) throws(HiREDError)
        -> TokenAllocation
    {
        TokenAllocation(
            budgets: (0..<layout.partitionCount).map { layout.capacity(partition: $0) },
            budget: try budget.tokenCount(of: layout.totalTokens))
    }

    func select(_ allocation: TokenAllocation, layout: PartitionLayout, taps: [ViewTaps?]) throws(HiREDError)
        -> TokenSelection
    {
        let count = layout.tokensPerPartition
        var all: [(partition: Int, index: Int, length: Float)] = []
        for (partition, view) in taps.enumerated() {
            guard let view else { continue }
            let values = try view.values(of: .projected, count: count, partition: partition)
            let width = values.count / count
            for index in 0..<count where !layout.isPadding(partition: partition, token: index) {
                let row = values[(index * width)..<((index + 1) * width)]
                all.append((partition, index, row.reduce(0) { $0 + $1 * $1 }))
            }
        }
        var kept = [[Int]](repeating: [], count: layout.partitionCount)
        for token in all.sorted(by: { $0.length > $1.length }).prefix(allocation.budget ?? .max) {
            kept[token.partition].append(token.index)
        }
        for partition in kept.indices { kept[partition].sort() }
        return try TokenSelection(
            layout: layout, allocation: TokenAllocation(budgets: kept.map(\.count), budget: allocation.budget),
            kept: kept,
            separators: false)
    }
}
