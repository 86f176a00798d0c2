import Checkpoints
import ElementTypes
import ModelGraphs
import OpenVINO

/// The vision tower compiled for one set of taps.
final class VisionTower {
    let taps: Set<LayerTap>
    /// Bytes of the weights as the runtime keeps them, once it has run.
    let byteCount: Int
    /// By the runtime's names.
    let properties: [String: String]
    private let request: InferRequest
    private let pixels: Tensor
    private let viewSize: Int
    /// Nil once it has run.
    private var releasePages: (@Sendable () -> Void)?

    /// - Throws: `GraphError`, `CheckpointError`, `OpenVINOError`.
    init(_ taps: Set<LayerTap>, _ compiler: GraphCompiler) throws {
        let stored = compiler.config.classAttentionTaps
        // The graph that lies in a model folder is used where it gives what is asked.
        let outputs = taps == Set(stored) ? stored : LayerTap.ordered(taps)
        self.taps = taps
        byteCount = try compiler.visionByteCount(taps: outputs)
        viewSize = compiler.config.vision.imageSize
        releasePages = compiler.source.releasePages
        let compiled = try compiler.compileVision(taps: outputs)
        properties = compiled.propertiesInForce()
        request = try compiled.makeRequest()
        pixels = try Tensor(.u8, shape: [1, viewSize, viewSize, 3])
    }

    /// Takes the pixels of views.
    func load(_ views: [VisionEncoder.View]) throws {
        let size = viewSize * viewSize * 3
        try pixels.reshape([views.count, viewSize, viewSize, 3])
        try pixels.withElements(of: UInt8.self) { target in
            for (place, view) in views.enumerated() {
                view.fill(UnsafeMutableBufferPointer(rebasing: target[(place * size)..<((place + 1) * size)]))
            }
        }
        try request.set(PortName.pixels, pixels)
    }

    func run() throws {
        try request.infer()
        // By now the runtime has its own copies of the matrices.
        releasePages?()
        releasePages = nil
    }

    /// What the last run gave at a port, of each view.
    func rows(of port: String, count: Int) throws -> [[Float]] {
        try request.tensor(port).withElements(of: Float.self) { all in
            let length = all.count / count
            return (0..<count).map { Array(all[($0 * length)..<(($0 + 1) * length)]) }
        }
    }
}
