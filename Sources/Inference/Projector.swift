import Checkpoints
import ModelGraphs
import OpenVINO

/// Turns vision features into embeddings of the language model.
final class Projector {
    private let inputWidth: Int
    private let request: InferRequest

    init(_ compiler: GraphCompiler) throws {
        inputWidth = compiler.config.vision.hiddenSize
        request = try compiler.compile(.projector).makeRequest()
    }

    /// [K, C] → [K, D], row-major.
    func project(_ features: [Float]) throws -> [Float] {
        guard !features.isEmpty else { return [] }
        try request.set(
            GraphPort.features, try Tensor(features, shape: [features.count / inputWidth, inputWidth]))
        try request.infer()
        return try request.tensor(GraphPort.imageEmbeddings).elements(of: Float.self)
    }
}
