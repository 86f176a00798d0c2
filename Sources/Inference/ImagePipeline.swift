import Checkpoints
import Foundation
import HiRED
import ImageProcessing
import ModelGraphs

/// From a picture to the embeddings that the language model reads.
final class ImagePipeline {
    struct Result {
        var tokens: ImageTokens
        /// [K, D], separators in place.
        var embeddings: [Float]
        var partitions: ImagePartitions
    }

    private let decoder: ImageDecoder
    private let preparation: ImagePreparation
    private let encoder: VisionEncoder
    private let projector: Projector
    private let newline: [Float]
    private let hiddenSize: Int

    init(_ compiler: GraphCompiler, decoder: ImageDecoder) throws {
        self.decoder = decoder
        preparation = try ImagePreparation(
            compiler.config, preprocessor: compiler.source.description.preprocessor)
        encoder = try VisionEncoder(compiler)
        projector = try Projector(compiler)
        hiddenSize = compiler.config.text.hiddenSize
        newline = try compiler.source.imageNewline()
    }

    /// Encodes the full view, shares the budget out, encodes the tiles that got some, and selects.
    ///
    /// - Parameter progress: called before each view with its number and an upper bound of their count.
    func select(
        _ input: ImageInput, options: SelectionOptions, timings: inout Timings,
        progress: (Int, Int) throws -> Void
    ) throws -> (tokens: ImageTokens, features: [[Float]], partitions: ImagePartitions) {
        let image = try timings.measure(\.decodeImage) { try load(input) }
        let partitions = try timings.measure(\.preprocess) { try preparation.prepare(image) }
        let layout = partitions.layout
        let strategy = try options.makeStrategy()
        let size = partitions.viewSize * partitions.viewSize * 3

        try progress(0, layout.partitionCount)
        let fullView = try timings.measure(\.vision) {
            try encoder.encode(taps: strategy.allocationTaps.union(strategy.selectionTaps)) { target in
                partitions.fullView.withUnsafePixels { _ = target.update(fromContentsOf: $0.prefix(size)) }
            }
        }
        let allocation = try timings.measure(\.select) {
            try strategy.allocate(options.budget, layout: layout, fullView: fullView.taps)
        }
        var views: [VisionEncoder.EncodedView?] = [allocation.budgets[0] > 0 ? fullView : nil]
        let needsTiles = allocation.budgets.dropFirst().contains { $0 > 0 }
        let canvas = needsTiles ? timings.measure(\.preprocess) { partitions.canvas() } : nil
        for tile in 0..<layout.tileCount {
            guard allocation.budgets[tile + 1] > 0, let canvas else {
                views.append(nil)
                continue
            }
            try progress(tile + 1, layout.partitionCount)
            let view = try timings.measure(\.vision) {
                try encoder.encode(taps: strategy.selectionTaps) { partitions.write(tiles: [tile], of: canvas, to: $0) }
            }
            views.append(view)
        }
        let selection = try timings.measure(\.select) {
            try strategy.select(allocation, layout: layout, taps: views.map { $0?.taps })
        }
        return (ImageTokens(layout: layout, selection: selection), views.map { $0?.features ?? [] }, partitions)
    }

    func embed(
        _ input: ImageInput, options: SelectionOptions, timings: inout Timings, progress: (Int, Int) throws -> Void
    ) throws -> Result {
        let (tokens, features, partitions) = try select(input, options: options, timings: &timings, progress: progress)
        let embeddings = try timings.measure(\.project) { try pack(tokens.selection.slots, features) }
        return Result(tokens: tokens, embeddings: embeddings, partitions: partitions)
    }

    /// The head-summed CLS rows of the first and the final layer for every view, [P][N] each.
    func classAttention(of input: ImageInput) throws -> (first: [[Float]], final: [[Float]]) {
        let taps: [VisionTap] = [.init(.classAttention, layer: .first), .init(.classAttention, layer: .final)]
        let partitions = try preparation.prepare(try load(input))
        let canvas = partitions.canvas()
        let size = partitions.viewSize * partitions.viewSize * 3
        var rows: (first: [[Float]], final: [[Float]]) = ([], [])
        for view in 0..<partitions.layout.partitionCount {
            let encoded = try encoder.encode(taps: Set(taps)) { target in
                if view > 0 {
                    partitions.write(tiles: [view - 1], of: canvas, to: target)
                } else {
                    partitions.fullView.withUnsafePixels { _ = target.update(fromContentsOf: $0.prefix(size)) }
                }
            }
            rows.first.append(encoded.taps.values[taps[0]] ?? [])
            rows.final.append(encoded.taps.values[taps[1]] ?? [])
        }
        return rows
    }

    private func load(_ input: ImageInput) throws -> RGBImage {
        switch input {
        case .file(let url): try decoder.decode(contentsOf: url)
        case .data(let data, let name): try decoder.decode(data, name: name)
        case .image(let image): image
        }
    }

    /// Projects the kept features alone and lays separators between them.
    private func pack(_ slots: [ImageSlot], _ features: [[Float]]) throws -> [Float] {
        let width = encoder.width
        var kept: [Float] = []
        kept.reserveCapacity(slots.count * width)
        for case .token(let partition, let index) in slots {
            kept += features[partition][(index * width)..<((index + 1) * width)]
        }
        let projected = try projector.project(kept)
        guard slots.contains(.separator) else { return projected }
        var result: [Float] = []
        result.reserveCapacity(slots.count * hiddenSize)
        var row = 0
        for slot in slots {
            switch slot {
            case .separator: result += newline
            case .token:
                result += projected[(row * hiddenSize)..<((row + 1) * hiddenSize)]
                row += 1
            }
        }
        return result
    }
}

extension ImagePreparation {
    /// - Throws: `ImageError.unsupportedPreparation` for settings that no published checkpoint has.
    init(_ config: VisionLanguageConfig, preprocessor: PreprocessorConfig) throws {
        let size = config.vision.imageSize
        let edge: Int
        switch preprocessor.size {
        case .shortestEdge(let value): edge = value
        case .exact(let height, let width):
            guard height == width else { throw ImageError.unsupportedPreparation("pictures of \(width)×\(height)") }
            edge = height
        }
        guard preprocessor.resizes,
            !preprocessor.centerCrops || (preprocessor.cropWidth == size && preprocessor.cropHeight == size)
        else {
            throw ImageError.unsupportedPreparation(
                "a crop of \(preprocessor.cropWidth)×\(preprocessor.cropHeight) for a tower of \(size) pixels")
        }
        let variant: Variant
        switch preprocessor.kind {
        case .llavaNext:
            variant = .anyResolution(preprocessor.pinpoints.map { PixelSize(width: $0.width, height: $0.height) })
        case .llava where preprocessor.pads:
            // The processor takes the mean as a colour: 255 times it, cut to a whole number.
            let colour = preprocessor.mean.map { UInt8(max(0, min(255, $0 * 255))) }
            variant = .padToSquare(red: colour[0], green: colour[1], blue: colour[2])
        case .clip, .llava: variant = .centreCrop(shortestEdge: edge)
        }
        if case .centreCrop = variant {
        } else if edge != size {
            throw ImageError.unsupportedPreparation("views of \(edge) pixels for a tower of \(size)")
        }
        self.init(variant, viewSize: size, patchSize: config.vision.patchSize)
    }
}
