import Checkpoints
import ModelGraphs

/// A checkpoint's graphs, emitted over its mapped weights.
struct CheckpointGraphs {
    let folder: CheckpointFolder
    let mapped: MappedWeights
    private let table: WeightTable
    private let layout: CheckpointLayout

    /// - Throws: `CheckpointError`, `GraphError`.
    init(_ folder: CheckpointFolder) throws {
        self.folder = folder
        mapped = try folder.mappedWeights()
        table = WeightTable(try mapped.tensors.values.compactMap(WeightTensor.init))
        layout = try CheckpointLayout.detect(in: table)
    }

    private var config: VisionLanguageConfig { folder.config }

    /// XML of a graph whose constants are put into the pool.
    private func emit(_ build: (Int) throws -> EmittedGraph) throws -> String {
        try mapped.place { offset in
            let graph = try build(offset)
            return (graph.constants, graph.xml)
        }
    }

    func vision(taps: [AttentionTap]) throws -> String {
        let (vision, preprocessor) = (config.vision, folder.preprocessor)
        let shape = VisionTowerShape(
            imageSize: vision.imageSize, patchSize: vision.patchSize, channelCount: 3, hiddenSize: vision.hiddenSize,
            intermediateSize: vision.intermediateSize, layerCount: vision.layerCount, headCount: vision.headCount,
            activation: try activation(vision.activation, "vision_config.hidden_act"),
            layerNormEpsilon: vision.layerNormEpsilon)
        let normalization = PixelNormalization(
            rescaleFactor: preprocessor.rescales ? preprocessor.rescaleFactor : 1,
            mean: preprocessor.normalizes ? preprocessor.mean : [0, 0, 0],
            standardDeviation: preprocessor.normalizes ? preprocessor.standardDeviation : [1, 1, 1])
        let outputs = VisionOutputs(
            featureLayers: [config.visionFeatureLayerCount],
            selection: config.featureSelection == .full ? .all : .patches,
            taps: taps)
        return try emit {
            try VisionGraph.emit(
                shape, normalization: normalization, outputs: outputs, weights: table, prefix: layout.visionPrefix,
                constantsOffset: $0)
        }
    }

    func projector() throws -> String {
        let shape = ProjectorShape(
            inputSize: config.vision.hiddenSize, outputSize: config.text.hiddenSize,
            activation: try activation(config.projectorActivation, "projector_hidden_act"),
            hasBias: config.projectorHasBias)
        return try emit {
            try ProjectorGraph.emit(
                shape, weights: table, first: layout.projectorFirst, second: layout.projectorSecond, constantsOffset: $0
            )
        }
    }

    func textEmbeddings() throws -> String {
        try emit {
            try TextEmbeddingsGraph.emit(
                vocabularySize: config.text.vocabularySize, hiddenSize: config.text.hiddenSize, weights: table,
                table: layout.tokenTable, constantsOffset: $0)
        }
    }

    func decoder() throws -> String {
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
            activation: try activation(text.activation, "text_config.hidden_act"),
            // A head in the file wins over a flag left at its default.
            tiesHeadToEmbeddings: table[layout.head] == nil && text.tiesWordEmbeddings,
            biases: DecoderShape.Biases(
                queryKeyValue: text.hasQueryKeyValueBias, attentionOutput: text.hasAttentionOutputBias,
                feedForward: text.hasFeedForwardBias))
        return try emit {
            try DecoderGraph.emit(
                shape, weights: table, prefix: layout.decoderPrefix, head: layout.head, constantsOffset: $0)
        }
    }

    /// The embedding that ends a row of tiles, [D]. Empty for LLaVA-1.5, which has none.
    func imageNewline() throws -> [Float] {
        guard config.family == .llavaNext else { return [] }
        let tensor = try table.floatTensor(layout.imageNewline, shape: [config.text.hiddenSize])
        let entry = try mapped.archive.tensor(layout.imageNewline)
        return try mapped.withUnsafeBytes(of: entry) { bytes in
            switch tensor.elementType {
            case .f16:
                (0..<(bytes.count / 2)).map {
                    Float(halfBits: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self))
                }
            case .bf16:
                (0..<(bytes.count / 2)).map {
                    Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) << 16)
                }
            default: (0..<(bytes.count / 4)).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            }
        }
    }

    private func activation(_ activation: Activation, _ key: String) throws -> GraphActivation {
        try GraphActivation(transformersName: activation.rawValue, key: key)
    }
}

extension WeightTensor {
    /// Nil for types that no weight has: such tensors may lie in a file as long as nobody asks for them.
    fileprivate init?(_ entry: TensorEntry) throws {
        guard let type = GraphElementType(rawValue: entry.elementType.rawValue.lowercased()), type.isFloatingPoint
        else {
            return nil
        }
        try self.init(
            name: entry.name, elementType: type, shape: GraphShape(entry.shape), byteOffset: entry.byteOffset,
            byteCount: entry.byteCount)
    }
}

extension Float {
    /// IEEE half precision, spelled out because `Float16` does not exist on macOS for x86-64 builds.
    init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch (exponent, fraction) {
        case (0, 0): self = Float(bitPattern: sign)
        case (0, _):
            let magnitude = Float(fraction) * 0x1p-24
            self = sign == 0 ? magnitude : -magnitude
        case (31, _): self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
