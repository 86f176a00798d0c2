import Checkpoints
package import ModelGraphs
import OpenVINO

/// Turns vision features into embeddings of the language model.
package final class Projector {
    private let inputWidth: Int
    private let request: InferRequest

    package init(_ compiler: GraphCompiler) throws {
        inputWidth = compiler.config.featureWidth
        request = try compiler.compile(.projector).makeRequest()
    }

    /// [K, C] → [K, D], row-major.
    package func project(_ features: [Float]) throws -> [Float] {
        guard !features.isEmpty else { return [] }
        try request.set(
            PortName.features, try Tensor(features, shape: [features.count / inputWidth, inputWidth]))
        try request.infer()
        return try request.tensor(PortName.imageEmbeddings).elements(of: Float.self)
    }
}
