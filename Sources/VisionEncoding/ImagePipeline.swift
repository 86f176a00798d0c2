import Checkpoints
package import Crypto
import Foundation
package import HiRED
package import ImageProcessing
package import ModelGraphs

/// From a picture to the embeddings that the language model reads, stage by stage.
package final class ImagePipeline {
    package struct Result: Sendable {
        package var tokens: ImageTokens
        package var embeddings: ImageEmbeddings
    }

    package let reader: ImageReader

    package let encoder: VisionEncoder
    package let projector: Projector
    private let comparer: RowComparer
    private let newline: [Float]
    private let hiddenSize: Int

    /// - Parameter towerBytes: bytes that vision towers for several sets of taps may take together.
    package init(_ compiler: GraphCompiler, decoder: ImageDecoder, towerBytes: Int = .max) throws {
        reader = ImageReader(
            decoder: decoder,
            preparation: try ImagePreparation(
                compiler.config, preprocessor: compiler.source.description.preprocessor))
        projector = try Projector(compiler)
        encoder = try VisionEncoder(compiler, projector: projector, byteLimit: towerBytes)
        comparer = RowComparer(compiler)
        hiddenSize = compiler.config.text.hiddenSize
        newline = try compiler.source.imageNewline()
    }

    /// Names what a picture becomes under these options.
    package static func key(_ digest: SHA256.Digest, options: SelectionOptions) -> SHA256.Digest {
        var hash = SHA256()
        digest.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hash.update(data: Data("\(options)".utf8))
        return hash.finalize()
    }

    /// Selects and projects, once all views of a job are encoded.
    package func finish(_ job: ImageJob, key: SHA256.Digest, timings: inout ImageTimings) throws -> Result {
        var cosines: [CosineMatrix?] = []
        if job.comparesTokens {
            cosines = try timings.measure(\.compare) { try job.comparedRows().map { try $0.map(comparer.matrix) } }
        }
        let tokens = try timings.measure(\.select) { try job.select(cosines: cosines) }
        let values = try timings.measure(\.project) {
            let rows = try job.keptRows(tokens, width: job.keepsProjected ? hiddenSize : encoder.width)
            return pack(tokens.selection.slots, job.keepsProjected ? rows : try projector.project(rows))
        }
        let positions =
            job.options.positions == .original ? try tokens.selection.originalPositions(in: tokens.layout) : nil
        return Result(
            tokens: tokens,
            embeddings: ImageEmbeddings(
                values: values, count: tokens.kept, key: key, positions: positions,
                span: positions == nil ? nil : tokens.full))
    }

    /// Lays separators between projected tokens.
    private func pack(_ slots: [ImageSlot], _ projected: [Float]) -> [Float] {
        guard slots.contains(.separator) else { return projected }
        var result: [Float] = []
        result.reserveCapacity(slots.count * hiddenSize)
        var row = 0
        for slot in slots {
            switch slot {
            case .separator: result += newline
            case .token, .classToken, .merged:
                result += projected[(row * hiddenSize)..<((row + 1) * hiddenSize)]
                row += 1
            }
        }
        return result
    }
}

extension ImagePipeline {
    /// Runs a picture alone, through to its selection.
    package func encode(
        _ input: ImageInput, options: SelectionOptions, timings: inout ImageTimings
    ) throws -> (job: ImageJob, digest: SHA256.Digest) {
        let source = try reader.open(input, timings: &timings)
        let partitions = try reader.prepare(source, timings: &timings)
        var job = try ImageJob(partitions, digest: source.digest, options: options)
        while !job.isEncoded {
            for (number, view) in job.nextViews(limit: 1) {
                let encoded = try timings.measure(\.vision) { try encoder.encode([view]) }
                try job.accept(encoded[0], number: number)
            }
        }
        return (job, source.digest)
    }

    /// The head-summed CLS rows of the first and the final layer for every view, [P][N] each.
    package func classAttention(of input: ImageInput) throws -> (first: [[Float]], final: [[Float]]) {
        let taps: [VisionTap] = [.init(.classAttention, layer: .first), .init(.classAttention, layer: .final)]
        var timings = ImageTimings()
        let partitions = try reader.prepare(try reader.open(input, timings: &timings), timings: &timings)
        var rows: (first: [[Float]], final: [[Float]]) = ([], [])
        for number in 0..<partitions.layout.partitionCount {
            let view = VisionEncoder.View(taps: Set(taps)) { partitions.write(view: number, to: $0) }
            let encoded = try encoder.encode([view])[0]
            rows.first.append(encoded.taps.values[taps[0]] ?? [])
            rows.final.append(encoded.taps.values[taps[1]] ?? [])
        }
        return rows
    }
}
