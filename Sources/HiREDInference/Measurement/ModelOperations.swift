public import Checkpoints

/// Floating-point operations of a model's stages, a multiplication and an addition counting two: the floor that speeds
/// are held against.
public struct ModelOperations: Sendable {
    /// Matrices of one decoder layer, all layers, for one token.
    public let decoderPerToken: Double
    /// Scores and weighted sums of one token against one earlier position, all layers.
    public let attentionPerPair: Double
    /// The output head for one row.
    public let headPerRow: Double
    /// The vision tower up to the feature layer, one view.
    public let visionPerView: Double
    public let projectorPerToken: Double

    public init(_ config: VisionLanguageConfig) {
        let (text, vision) = (config.text, config.vision)
        let width = Double(text.hiddenSize)
        let (query, key) = (
            Double(text.headCount * text.headSize), Double(text.keyValueHeadCount * text.headSize)
        )
        let layers = Double(text.layerCount)
        decoderPerToken = 2 * layers * (2 * width * query + 2 * width * key + 3 * width * Double(text.intermediateSize))
        attentionPerPair = 4 * layers * query
        headPerRow = 2 * width * Double(text.vocabularySize)
        let (side, inner) = (Double(vision.hiddenSize), Double(vision.intermediateSize))
        let tokens = Double(vision.tokenCount + 1)
        let perLayer = 2 * tokens * (4 * side * side + 2 * side * inner) + 4 * tokens * tokens * side
        let patches = 2 * Double(vision.tokenCount) * side * Double(3 * vision.patchSize * vision.patchSize)
        visionPerView = Double(config.visionFeatureLayerCount) * perLayer + patches
        projectorPerToken = 2 * (Double(config.featureWidth) * width + width * width)
    }

    /// A whole prompt, logits for its last token.
    public func prefill(tokens: Int) -> Double {
        let count = Double(tokens)
        return count * decoderPerToken + count * (count + 1) / 2 * attentionPerPair + headPerRow
    }
}
