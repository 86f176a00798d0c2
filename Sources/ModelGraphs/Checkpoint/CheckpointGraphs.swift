public import Checkpoints
import ElementTypes

/// A checkpoint's graphs: its configuration and a table of where its tensors lie, put together.
public struct CheckpointGraphs: Sendable {
    public let config: VisionLanguageConfig
    public let preprocessor: PreprocessorConfig
    public let layout: CheckpointLayout
    private let table: WeightTable

    /// - Throws: ``GraphError/unknownLayout(sample:)``.
    public init(_ config: VisionLanguageConfig, preprocessor: PreprocessorConfig, table: WeightTable) throws {
        var layout = try CheckpointLayout.detect(in: table)
        if !layout.hasVisionTower(in: table) { layout.visionPrefix = CheckpointLayout.separateVisionPrefix }
        self.init(config, preprocessor: preprocessor, table: table, layout: layout)
    }

    /// For a table whose layout is known, such as one of another table's tensors in other formats.
    public init(
        _ config: VisionLanguageConfig, preprocessor: PreprocessorConfig, table: WeightTable, layout: CheckpointLayout
    ) {
        self.config = config
        self.preprocessor = preprocessor
        self.table = table
        self.layout = layout
    }

    public func emit(_ part: GraphPart, constantsOffset: Int) throws -> EmittedGraph {
        switch part {
        case .vision: try vision(constantsOffset: constantsOffset)
        case .projector: try projector(constantsOffset: constantsOffset)
        case .textEmbeddings: try textEmbeddings(constantsOffset: constantsOffset)
        case .languageModel: try languageModel(constantsOffset: constantsOffset)
        }
    }

    /// - Parameter taps: HiRED's unless given.
    public func vision(taps: [LayerTap]? = nil, constantsOffset: Int) throws -> EmittedGraph {
        let vision = config.vision
        let shape = VisionTowerShape(
            imageSize: vision.imageSize, patchSize: vision.patchSize, channelCount: 3, hiddenSize: vision.hiddenSize,
            intermediateSize: vision.intermediateSize, layerCount: vision.layerCount, headCount: vision.headCount,
            activation: vision.activation, layerNormEpsilon: vision.layerNormEpsilon,
            architecture: vision.architecture, patchesPerTokenSide: config.patchesPerTokenSide)
        let normalization = PixelNormalization(
            rescaleFactor: preprocessor.rescales ? preprocessor.rescaleFactor : 1,
            mean: preprocessor.normalizes ? preprocessor.mean : [0, 0, 0],
            standardDeviation: preprocessor.normalizes ? preprocessor.standardDeviation : [1, 1, 1])
        let outputs = VisionOutputs(
            featureLayers: config.resolvedFeatureLayers,
            selection: config.featureSelection == .full ? .all : .patches, taps: taps ?? config.classAttentionTaps)
        return try VisionGraph.emit(
            shape, normalization: normalization, outputs: outputs, weights: table, prefix: layout.visionPrefix,
            constantsOffset: constantsOffset)
    }

    public func projector(constantsOffset: Int) throws -> EmittedGraph {
        let shape = ProjectorShape(
            inputSize: config.featureWidth, outputSize: config.text.hiddenSize,
            activation: config.projectorActivation,
            hasBias: config.projectorHasBias)
        return try ProjectorGraph.emit(
            shape, weights: table, norm: layout.projectorNorm, first: layout.projectorFirst,
            second: layout.projectorSecond, constantsOffset: constantsOffset)
    }

    public func textEmbeddings(constantsOffset: Int) throws -> EmittedGraph {
        try TextEmbeddingsGraph.emit(
            vocabularySize: config.text.vocabularySize, hiddenSize: config.text.hiddenSize, weights: table,
            table: layout.tokenTable, constantsOffset: constantsOffset)
    }

    /// - Parameter outputsAttention: see ``DecoderGraph``.
    public func languageModel(outputsAttention: Bool = false, constantsOffset: Int) throws -> EmittedGraph {
        let text = config.text
        let scaling: RotaryEmbedding.Scaling =
            switch text.ropeScaling {
            case .none: .none
            case .linear(let factor): .linear(factor: factor)
            case .llama3(let factor, let low, let high, let original):
                .llama3(factor: factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext: original)
            }
        let shape = DecoderShape(
            vocabularySize: text.vocabularySize, hiddenSize: text.hiddenSize, intermediateSize: text.intermediateSize,
            layerCount: text.layerCount, headCount: text.headCount, keyValueHeadCount: text.keyValueHeadCount,
            headSize: text.headSize, rmsNormEpsilon: text.rmsNormEpsilon,
            rotary: RotaryEmbedding(theta: text.ropeTheta, scaling: scaling),
            activation: text.activation,
            // A head in the file wins over a flag left at its default.
            tiesHeadToEmbeddings: table[layout.head] == nil && text.tiesWordEmbeddings,
            biases: DecoderShape.Biases(
                queryKeyValue: text.hasQueryKeyValueBias, attentionOutput: text.hasAttentionOutputBias,
                feedForward: text.hasFeedForwardBias),
            normalizesQueriesAndKeys: text.normalizesQueriesAndKeys)
        return try DecoderGraph.emit(
            shape, weights: table, prefix: layout.decoderPrefix, head: layout.head, outputsAttention: outputsAttention,
            constantsOffset: constantsOffset)
    }
}

extension VisionLanguageConfig {
    /// The CLS rows, summed over heads, that HiRED reads: of the first layer, and of the one that feeds the projector.
    /// Graphs that lie in model folders have these taps.
    public var classAttentionTaps: [LayerTap] {
        let (first, final) = (LayerTap.clsSummed(layer: 0), LayerTap.clsSummed(layer: visionFeatureLayerCount - 1))
        return first == final ? [first] : [first, final]
    }
}

extension WeightTensor {
    /// Nil for types that no weight has: such tensors may lie in a file as long as nobody asks for them.
    public init?(_ entry: TensorEntry) throws {
        guard entry.elementType.isSupportedFloat else { return nil }
        try self.init(
            name: entry.name, elementType: entry.elementType, shape: GraphShape(entry.shape),
            byteOffset: entry.byteOffset,
            byteCount: entry.byteCount)
    }
}
