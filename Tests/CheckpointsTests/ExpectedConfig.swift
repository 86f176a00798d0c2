@testable import Checkpoints

/// A model as Transformers resolved it, field by field.
struct ExpectedConfig: Decodable, Equatable {
    struct Text: Decodable, Equatable {
        var family: String
        var hiddenSize, layerCount, headCount, keyValueHeadCount, headSize, intermediateSize: Int
        var vocabularySize, maximumPositions: Int
        var rmsNormEpsilon, ropeTheta: Double
        var ropeScaling: Scaling
        var slidingWindow: Int?
        var activation: String
        var hasQueryKeyValueBias, hasAttentionOutputBias, hasFeedForwardBias, tiesWordEmbeddings: Bool
        var beginTokenID: Int?
        var endTokenIDs: [Int]
    }

    struct Scaling: Decodable, Equatable {
        var type: String
        var factor: Double?
        var lowFrequencyFactor: Double?
        var highFrequencyFactor: Double?
        var originalMaximumPositions: Int?
    }

    struct Vision: Decodable, Equatable {
        var hiddenSize, layerCount, headCount, intermediateSize, imageSize, patchSize: Int
        var activation: String
        var layerNormEpsilon: Double
    }

    var family: String
    var text: Text
    var vision: Vision
    var projectorActivation: String
    var projectorHasBias: Bool
    var imageTokenID: Int
    var pinpoints: [[Int]]
    var visionFeatureLayers: [Int]
    var featureSelection: String
    var tiesWordEmbeddings: Bool
    var generationEndTokenIDs: [Int]

    /// The same name for the same function.
    var normalized: ExpectedConfig {
        func name(_ activation: String) -> String {
            Activation(transformersName: activation)?.rawValue ?? activation
        }
        var result = self
        result.text.activation = name(text.activation)
        result.vision.activation = name(vision.activation)
        result.projectorActivation = name(projectorActivation)
        return result
    }
}

extension ExpectedConfig {
    init(_ config: VisionLanguageConfig) {
        family = config.family.rawValue
        text = Text(config.text)
        vision = Vision(config.vision)
        projectorActivation = config.projectorActivation.rawValue
        projectorHasBias = config.projectorHasBias
        imageTokenID = config.imageTokenID ?? -1
        pinpoints = config.pinpoints.map { [$0.height, $0.width] }
        visionFeatureLayers = config.visionFeatureLayers
        featureSelection = config.featureSelection.rawValue
        tiesWordEmbeddings = config.tiesWordEmbeddings
        generationEndTokenIDs = GenerationConfig(defaultsFor: config).endTokenIDs
    }
}

extension ExpectedConfig.Text {
    init(_ text: TextModelConfig) {
        self.init(
            family: text.family.rawValue, hiddenSize: text.hiddenSize, layerCount: text.layerCount,
            headCount: text.headCount, keyValueHeadCount: text.keyValueHeadCount, headSize: text.headSize,
            intermediateSize: text.intermediateSize, vocabularySize: text.vocabularySize,
            maximumPositions: text.maximumPositions, rmsNormEpsilon: text.rmsNormEpsilon, ropeTheta: text.ropeTheta,
            ropeScaling: ExpectedConfig.Scaling(text.ropeScaling), slidingWindow: text.slidingWindow,
            activation: text.activation.rawValue, hasQueryKeyValueBias: text.hasQueryKeyValueBias,
            hasAttentionOutputBias: text.hasAttentionOutputBias, hasFeedForwardBias: text.hasFeedForwardBias,
            tiesWordEmbeddings: text.tiesWordEmbeddings, beginTokenID: text.beginTokenID,
            endTokenIDs: text.endTokenIDs)
    }
}

extension ExpectedConfig.Scaling {
    init(_ scaling: RotaryScaling) {
        switch scaling {
        case .none: self.init(type: "none")
        case .linear(let factor): self.init(type: "linear", factor: factor)
        case .llama3(let factor, let low, let high, let positions):
            self.init(
                type: "llama3", factor: factor, lowFrequencyFactor: low, highFrequencyFactor: high,
                originalMaximumPositions: positions)
        }
    }
}

extension ExpectedConfig.Vision {
    init(_ vision: VisionModelConfig) {
        self.init(
            hiddenSize: vision.hiddenSize, layerCount: vision.layerCount, headCount: vision.headCount,
            intermediateSize: vision.intermediateSize, imageSize: vision.imageSize, patchSize: vision.patchSize,
            activation: vision.activation.rawValue, layerNormEpsilon: vision.layerNormEpsilon)
    }
}
