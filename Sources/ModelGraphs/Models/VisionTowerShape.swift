public import Checkpoints

/// The sizes of a vision transformer (`vision_config`), as Transformers 4.57.6's `CLIPVisionConfig` names them, and how
/// its layers are built.
public struct VisionTowerShape: Sendable, Hashable {
    public var imageSize: Int
    public var patchSize: Int
    public var channelCount: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var activation: Activation
    public var layerNormEpsilon: Double
    public var architecture: VisionModelConfig.Architecture
    /// Patches along one side of a token: features and keys of a token are those of its patches joined, its attention is
    /// their sum.
    public var patchesPerTokenSide: Int

    public init(
        imageSize: Int, patchSize: Int, channelCount: Int = 3, hiddenSize: Int, intermediateSize: Int, layerCount: Int,
        headCount: Int, activation: Activation = .quickGELU, layerNormEpsilon: Double = 1e-5,
        architecture: VisionModelConfig.Architecture = .clip, patchesPerTokenSide: Int = 1
    ) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.channelCount = channelCount
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.activation = activation
        self.layerNormEpsilon = layerNormEpsilon
        self.architecture = architecture
        self.patchesPerTokenSide = patchesPerTokenSide
    }

    /// Patches along one side.
    public var gridSize: Int { imageSize / patchSize }

    /// Patches in one picture; the sequence has one token more, CLS, in front.
    public var patchCount: Int { gridSize * gridSize }

    /// - Throws: ``GraphError/configuration(key:reason:)``.
    public func validate() throws {
        try ShapeLimits.check("vision_config.image_size", imageSize, in: ShapeLimits.pixels)
        try ShapeLimits.check("vision_config.patch_size", patchSize, in: 1...imageSize)
        try ShapeLimits.check("vision_config.num_channels", channelCount, in: 3...3)
        try ShapeLimits.check("vision_config.hidden_size", hiddenSize, in: ShapeLimits.widths)
        try ShapeLimits.check("vision_config.intermediate_size", intermediateSize, in: ShapeLimits.widths)
        try ShapeLimits.check("vision_config.num_hidden_layers", layerCount, in: ShapeLimits.layers)
        try ShapeLimits.check("vision_config.num_attention_heads", headCount, in: ShapeLimits.heads)
        try ShapeLimits.check("vision_config.layer_norm_eps", layerNormEpsilon)
        guard patchesPerTokenSide > 0, gridSize.isMultiple(of: patchesPerTokenSide) else {
            throw GraphError.configuration(
                key: "vision_config.image_size",
                reason: "gives \(gridSize) patches a side, which \(patchesPerTokenSide) does not divide")
        }
        guard hiddenSize % headCount == 0 else {
            throw GraphError.configuration(
                key: "vision_config.num_attention_heads",
                reason: "\(headCount) does not divide hidden_size \(hiddenSize)")
        }
    }
}

/// How pixels become numbers (`preprocessor_config.json`): `(pixel · rescaleFactor − mean) / standardDeviation`, per
/// channel, in that order of operations (Transformers 4.57.6, `image_transforms.py`: `rescale`, then `normalize`).
public struct PixelNormalization: Sendable, Hashable {
    public var rescaleFactor: Double
    public var mean: [Double]
    public var standardDeviation: [Double]

    public init(rescaleFactor: Double, mean: [Double], standardDeviation: [Double]) {
        self.rescaleFactor = rescaleFactor
        self.mean = mean
        self.standardDeviation = standardDeviation
    }

    /// CLIP's: factor 1/255 and the statistics of its training pictures.
    public static let clip = PixelNormalization(
        rescaleFactor: 1.0 / 255, mean: [0.48145466, 0.4578275, 0.40821073],
        standardDeviation: [0.26862954, 0.26130258, 0.27577711])

    func validate() throws {
        guard rescaleFactor.isFinite, mean.count == 3, standardDeviation.count == 3, mean.allSatisfy(\.isFinite),
            standardDeviation.allSatisfy({ $0.isFinite && Float($0) != 0 })
        else {
            throw GraphError.configuration(
                key: "image_mean/image_std", reason: "must be three finite numbers each, no deviation being zero")
        }
    }
}
