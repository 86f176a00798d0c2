import Checkpoints
import HiRED
import ModelGraphs
import OpenVINO

/// Runs the vision tower on views of pictures.
final class VisionEncoder {
    /// One encoded view: features [N, C] and the taps a strategy reads.
    struct EncodedView {
        var features: [Float]
        var taps: ViewTaps
    }

    /// Most views encoded at once. A view's products have hundreds of rows already, so batches gain little, while every
    /// view takes some 20 MB of activations and every batch size is a shape of its own to the runtime.
    static let maximumBatch = 4

    let width: Int
    /// Pixels along one side of a view.
    let viewSize: Int
    private let request: InferRequest
    private let pixels: Tensor
    private let taps: [VisionTap: String]

    /// - Throws: `GraphError`, `OpenVINOError`.
    init(_ compiler: GraphCompiler) throws {
        let config = compiler.config
        width = config.vision.hiddenSize
        viewSize = config.vision.imageSize
        let first = AttentionTap.clsSummed(layer: 0)
        let final = AttentionTap.clsSummed(layer: config.visionFeatureLayerCount - 1)
        taps = [
            VisionTap(.classAttention, layer: .first): first.outputName,
            VisionTap(.classAttention, layer: .final): final.outputName,
        ]
        request = try compiler.compile(.vision).makeRequest()
        pixels = try Tensor(.u8, shape: [1, viewSize, viewSize, 3])
    }

    /// One view to encode.
    struct View {
        var taps: Set<VisionTap>
        /// Writes size²·3 bytes of interleaved RGB.
        var fill: (UnsafeMutableBufferPointer<UInt8>) -> Void
    }

    /// Milliseconds that the bare graph takes for views.
    func time(_ views: [View]) throws -> Double {
        try load(views)
        let start = ContinuousClock.now
        try request.infer()
        return (ContinuousClock.now - start) / .milliseconds(1)
    }

    private func load(_ views: [View]) throws {
        let size = viewSize * viewSize * 3
        try pixels.reshape([views.count, viewSize, viewSize, 3])
        try pixels.withElements(of: UInt8.self) { target in
            for (place, view) in views.enumerated() {
                view.fill(UnsafeMutableBufferPointer(rebasing: target[(place * size)..<((place + 1) * size)]))
            }
        }
        try request.set(GraphPort.pixels, pixels)
    }

    /// Encodes views together.
    func encode(_ views: [View]) throws -> [EncodedView] {
        try load(views)
        try request.infer()
        let features = try rows(of: GraphPort.features, count: views.count)
        var values: [[VisionTap: [Float]]] = views.map { _ in [:] }
        for tap in views.reduce(into: Set<VisionTap>(), { $0.formUnion($1.taps) }) {
            guard let port = taps[tap] else {
                throw InferenceError.unsupportedModel(
                    "the strategy needs \(tap.kind.rawValue)", remedy: "choose another strategy")
            }
            for (place, row) in try rows(of: port, count: views.count).enumerated()
            where views[place].taps.contains(tap) {
                values[place][tap] = row
            }
        }
        return zip(features, values).map { EncodedView(features: $0, taps: ViewTaps($1)) }
    }

    private func rows(of port: String, count: Int) throws -> [[Float]] {
        try request.tensor(port).withElements(of: Float.self) { all in
            let length = all.count / count
            return (0..<count).map { Array(all[($0 * length)..<(($0 + 1) * length)]) }
        }
    }
}
