import Checkpoints
import ElementTypes
import HiRED
import ModelGraphs
import OpenVINO
import VisionEncoding

/// Where the language model looks when it begins an answer.
public struct PromptAttention: Sendable {
    /// By layer: the last token's attention to each token of the prompt, the mean over heads. Each row sums to 1.
    public var rows: [[Float]]
    /// Places of each picture's tokens in the prompt.
    public var places: [Range<Int>]
    /// What was kept of each picture.
    public var pictures: [PictureSelection]
}

extension VisionLanguageModel {
    /// Reads a prompt once more, through a graph that gives its attention. The graph is compiled for this call alone.
    ///
    /// - Throws: as `generate`; `GraphError.configuration` for an imported folder.
    public func attention(_ request: GenerationRequest) async throws -> PromptAttention {
        let count = try count(request)
        guard count.fits(answerTokens: 1) else {
            throw InferenceError.contextExceeded(
                promptTokens: count.promptTokens, maximumTokens: 1, limit: preparation.limits.context)
        }
        let ids = try preparation.prompts.ids(of: request)
        let imageToken = preparation.prompts.imageToken
        return try await worker.perform { [description, compilation] engine in
            var attention = PromptAttention(rows: [], places: [], pictures: [])
            var embeddings: [ImageEmbeddings] = []
            for (place, input) in request.images.enumerated() {
                let options = request.selection(of: place)
                var timings = ImageTimings()
                let (job, digest) = try engine.pipeline.encode(input, options: options, timings: &timings)
                let key = ImagePipeline.key(digest, options: options)
                let result = try engine.pipeline.finish(job, key: key, timings: &timings)
                embeddings.append(result.embeddings)
                attention.pictures.append(
                    PictureSelection(tokens: result.tokens, partitions: job.partitions, timings: timings))
            }
            var (place, picture) = (0, 0)
            for id in ids {
                guard id == imageToken, picture < embeddings.count else {
                    place += 1
                    continue
                }
                attention.places.append(place..<(place + embeddings[picture].count))
                place += embeddings[picture].count
                picture += 1
            }
            attention.rows = try Self.attention(
                of: PromptContent(ids, imageToken: imageToken, images: embeddings),
                GraphCompiler(openGraphSource(description.url), compilation))
            return attention
        }
    }

    private static func attention(of content: PromptContent, _ compiler: GraphCompiler) throws -> [[Float]] {
        let (length, width) = (content.promptLength, compiler.config.text.hiddenSize)
        let embedder = try TextEmbedder(compiler, width: width)
        let embeddings = try Tensor(.f32, shape: [1, length, width])
        try embeddings.withElements(of: Float.self) { rows in
            content.write(0..<length, into: rows, at: 0, width: width, embedder: embedder)
            try embedder.flush(into: rows)
        }
        let positions = try Tensor(.i64, shape: [1, length])
        try positions.withElements(of: Int64.self) { content.writePositionIDs(0..<length, to: $0) }
        let request = try compiler.compileAttention().makeRequest()
        try request.set(PortName.inputsEmbeds, embeddings)
        try request.set(PortName.positionIDs, positions)
        try request.set(
            PortName.attentionMask, try Tensor([Int64](repeating: 1, count: length), shape: [1, length]))
        try request.set(PortName.beamIndex, try Tensor([0 as Int32], shape: [1]))
        try request.infer()
        return try (0..<compiler.config.text.layerCount).map { layer in
            try request.tensor(PortName.attention(layer)).elements(of: Float.self)
        }
    }
}
