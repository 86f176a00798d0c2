import Checkpoints
import Crypto
import Foundation
import HiRED
import ImageProcessing
import ModelGraphs

/// From a picture to the embeddings that the language model reads, stage by stage.
final class ImagePipeline {
    struct Result {
        var tokens: ImageTokens
        var embeddings: ImageEmbeddings
    }

    let encoder: VisionEncoder
    private let decoder: ImageDecoder
    private let preparation: ImagePreparation
    let projector: Projector
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

    /// Tokens of one view.
    var tokensPerView: Int {
        (preparation.viewSize / preparation.patchSize) * (preparation.viewSize / preparation.patchSize)
    }

    /// Reads a picture once; its digest names it from then on.
    ///
    /// - Throws: `ImageError`.
    func load(_ input: ImageInput, timings: inout Timings) throws -> (
        partitions: ImagePartitions, digest: SHA256.Digest
    ) {
        var hash = SHA256()
        let image = try timings.measure(\.decodeImage) {
            switch input {
            case .file(let url):
                let data = try decoder.data(contentsOf: url)
                hash.update(data: data)
                return try decoder.decode(data, name: url.path)
            case .data(let data, let name):
                hash.update(data: data)
                return try decoder.decode(data, name: name)
            case .image(let image):
                withUnsafeBytes(of: (image.width, image.height)) { hash.update(bufferPointer: $0) }
                image.withUnsafePixels { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
                return image
            }
        }
        return (try timings.measure(\.preprocess) { try preparation.prepare(image) }, hash.finalize())
    }

    /// Names what a picture becomes under these options.
    static func key(_ digest: SHA256.Digest, options: SelectionOptions) -> SHA256.Digest {
        var hash = SHA256()
        digest.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hash.update(data: Data("\(options)".utf8))
        return hash.finalize()
    }

    /// Selects and projects, once all views of a job are encoded.
    func finish(_ job: ImageJob, key: SHA256.Digest, timings: inout Timings) throws -> Result {
        let tokens = try timings.measure(\.select) { try job.select() }
        let values = try timings.measure(\.project) {
            try pack(tokens.selection.slots, job.keptFeatures(tokens, width: encoder.width))
        }
        return Result(tokens: tokens, embeddings: ImageEmbeddings(values: values, count: tokens.kept, key: key))
    }

    /// Projects the kept features alone and lays separators between them.
    private func pack(_ slots: [ImageSlot], _ kept: [Float]) throws -> [Float] {
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

extension ImagePipeline {
    /// Runs a picture alone, through to its selection.
    ///
    /// - Parameter progress: called before each view with its number and an upper bound of their count.
    func encode(
        _ input: ImageInput, options: SelectionOptions, timings: inout Timings, progress: (Int, Int) throws -> Void
    ) throws -> (job: ImageJob, digest: SHA256.Digest) {
        let (partitions, digest) = try load(input, timings: &timings)
        var job = try ImageJob(partitions, options: options)
        while !job.isEncoded {
            for (number, view) in job.nextViews(limit: 1) {
                try progress(number, partitions.layout.partitionCount)
                let encoded = try timings.measure(\.vision) { try encoder.encode([view]) }
                try job.accept(encoded[0], number: number)
            }
        }
        return (job, digest)
    }

    /// The head-summed CLS rows of the first and the final layer for every view, [P][N] each.
    func classAttention(of input: ImageInput) throws -> (first: [[Float]], final: [[Float]]) {
        let taps: [VisionTap] = [.init(.classAttention, layer: .first), .init(.classAttention, layer: .final)]
        var timings = Timings()
        let partitions = try load(input, timings: &timings).partitions
        let canvas = partitions.canvas()
        let size = partitions.viewSize * partitions.viewSize * 3
        var rows: (first: [[Float]], final: [[Float]]) = ([], [])
        for number in 0..<partitions.layout.partitionCount {
            let view = VisionEncoder.View(taps: Set(taps)) { target in
                if number > 0 {
                    partitions.write(tiles: [number - 1], of: canvas, to: target)
                } else {
                    partitions.fullView.withUnsafePixels { _ = target.update(fromContentsOf: $0.prefix(size)) }
                }
            }
            let encoded = try encoder.encode([view])[0]
            rows.first.append(encoded.taps.values[taps[0]] ?? [])
            rows.final.append(encoded.taps.values[taps[1]] ?? [])
        }
        return rows
    }
}
