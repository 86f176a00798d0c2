public import Foundation
import OrderedJSON

/// A vision transformer with a CLS token, every value resolved: CLIP's, or InternVL's.
///
/// Absent keys take the defaults of `CLIPVisionConfig` in Transformers 4.57.6 (those of CLIP-B/32). A checkpoint with
/// no `vision_config` at all takes `clipLarge336`, as `LlavaConfig` and `LlavaNextConfig` do.
public struct VisionModelConfig: Sendable, Hashable {
    /// How a tower's layers are built.
    public enum Architecture: Sendable, Hashable {
        case clip
        case internVL(InternVLBlocks)
    }

    public var architecture = Architecture.clip
    public var hiddenSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var intermediateSize: Int
    /// Height and width of the pictures it takes, in pixels.
    public var imageSize: Int
    /// Height and width of one patch, in pixels.
    public var patchSize: Int
    public var activation: Activation
    public var layerNormEpsilon: Double

    public var headSize: Int { hiddenSize / headCount }
    /// Patches along one side of a picture.
    public var gridSize: Int { imageSize / patchSize }
    /// Patches of one picture: the rows of the sequence without CLS.
    public var tokenCount: Int { gridSize * gridSize }

    /// CLIP ViT-L/14 at 336 pixels, the tower of every model this package names.
    public static let clipLarge336 = VisionModelConfig(
        hiddenSize: 1024, layerCount: 24, headCount: 16, intermediateSize: 4096, imageSize: 336, patchSize: 14,
        activation: .quickGELU, layerNormEpsilon: 1e-5)

    /// Reads the configuration of a vision tower in a folder of its own: a `clip_vision_model`, or a whole CLIP model
    /// whose text half is ignored.
    /// - Throws: `CheckpointError` naming the file and the key.
    public init(towerFolder folder: URL) throws {
        let name = "config.json"
        let outer = try ConfigObject(contentsOf: folder.appendingPathComponent(name), name: name)
        // Old CLIP files give some values twice; these ones, filled with the class defaults, win over
        // `vision_config` (`configuration_clip.py`).
        let inner = try outer.object("vision_config_dict") ?? outer.object("vision_config")
        switch try outer.string("model_type", default: "") {
        case "clip_vision_model": try self.init(outer)
        case "clip":
            try SettingsTable.clip.check(outer)
            try self.init(inner ?? ConfigObject([:], file: name, path: "vision_config."))
        default: throw outer.unsupported("model_type", supported: "clip_vision_model, clip")
        }
    }

    init(
        hiddenSize: Int, layerCount: Int, headCount: Int, intermediateSize: Int, imageSize: Int, patchSize: Int,
        activation: Activation, layerNormEpsilon: Double
    ) {
        self.hiddenSize = hiddenSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.intermediateSize = intermediateSize
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.activation = activation
        self.layerNormEpsilon = layerNormEpsilon
    }

    /// Reads `vision_config`.
    init(_ object: ConfigObject) throws {
        let kind = try object.string("model_type", default: "clip_vision_model")
        guard kind == "clip_vision_model" else {
            throw object.unsupported("model_type", supported: "clip_vision_model")
        }
        try SettingsTable.vision.check(object)
        hiddenSize = try object.integer("hidden_size", default: 768, in: ConfigLimits.width)
        layerCount = try object.integer("num_hidden_layers", default: 12, in: ConfigLimits.layers)
        headCount = try object.integer("num_attention_heads", default: 12, in: ConfigLimits.heads)
        intermediateSize = try object.integer("intermediate_size", default: 3072, in: ConfigLimits.width)
        imageSize = try object.integer("image_size", default: 224, in: ConfigLimits.pixels)
        patchSize = try object.integer("patch_size", default: 32, in: ConfigLimits.pixels)
        activation = try object.activation("hidden_act", default: .quickGELU)
        layerNormEpsilon = try object.positive("layer_norm_eps", default: 1e-5, allowsZero: true)
        guard try object.integer("num_channels", default: 3, in: 1...64) == 3 else {
            throw object.unsupported("num_channels", supported: "3")
        }
        guard hiddenSize.isMultiple(of: headCount) else {
            throw object.wrong("num_attention_heads", needed: "a divisor of hidden_size, which is \(hiddenSize)")
        }
        guard patchSize <= imageSize else {
            throw object.wrong("patch_size", needed: "no larger than image_size, which is \(imageSize)")
        }
    }
}
