import Checkpoints
import ModelGraphs
import OpenVINO

/// Turns vision features into embeddings of the language model.
final class Projector {
    private let inputWidth: Int
    private let request: InferRequest

    init(_ config: VisionLanguageConfig, weights: CheckpointWeights, compiler: GraphCompiler) throws {
        inputWidth = config.vision.hiddenSize
        request = try compiler.compile(try ProjectorGraph(config).emit(weights)).makeRequest()
    }

    /// [K, C] → [K, D], row-major.
    func project(_ features: [Float]) throws -> [Float] {
        guard !features.isEmpty else { return [] }
        try request.set(
            ProjectorGraph.features, try Tensor(features, shape: [features.count / inputWidth, inputWidth]))
        try request.infer()
        return try request.tensor(ProjectorGraph.embeddings).elements(of: Float.self)
    }
}
