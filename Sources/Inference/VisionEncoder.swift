import Checkpoints
import HiRED
import ModelGraphs
import OpenVINO

/// Runs the vision tower on views of a picture.
final class VisionEncoder {
    /// One encoded view: features [N, C] and the taps a strategy reads.
    struct EncodedView {
        var features: [Float]
        var taps: ViewTaps
    }

    let width: Int
    private let request: InferRequest
    private let pixels: Tensor
    private let taps: [VisionTap: String]

    /// - Throws: `GraphError`, `OpenVINOError`.
    init(_ compiler: GraphCompiler) throws {
        let config = compiler.config
        width = config.vision.hiddenSize
        let first = AttentionTap.clsSummed(layer: 0)
        let final = AttentionTap.clsSummed(layer: config.visionFeatureLayerCount - 1)
        taps = [
            VisionTap(.classAttention, layer: .first): first.outputName,
            VisionTap(.classAttention, layer: .final): final.outputName,
        ]
        let size = config.vision.imageSize
        request = try compiler.compile(.vision).makeRequest()
        pixels = try Tensor(.u8, shape: [1, size, size, 3])
        try request.set(GraphPort.pixels, pixels)
    }

    /// Encodes one view. One at a time: its thousands of multiplications a weight leave nothing to gain from batches,
    /// and one shape is compiled once.
    ///
    /// - Parameter fill: writes size²·3 bytes of interleaved RGB.
    func encode(taps wanted: Set<VisionTap>, fill: (UnsafeMutableBufferPointer<UInt8>) throws -> Void) throws
        -> EncodedView
    {
        try pixels.withElements(of: UInt8.self) { try fill($0) }
        try request.infer()
        var values: [VisionTap: [Float]] = [:]
        for tap in wanted {
            guard let port = taps[tap] else {
                throw InferenceError.unsupportedModel(
                    "the strategy needs \(tap.kind.rawValue)", remedy: "choose another strategy")
            }
            values[tap] = try request.tensor(port).elements(of: Float.self)
        }
        let features = try request.tensor(GraphPort.features).elements(of: Float.self)
        return EncodedView(features: features, taps: ViewTaps(values))
    }
}
