import OrderedJSON

/// A vision-language model as `config.json` describes it, every value resolved.
///
/// Absent keys take the defaults of Transformers 4.57.6 (`configuration_llava_next.py`, `configuration_llava.py`).
public struct VisionLanguageConfig: Sendable, Hashable {
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// A full view and tiles (LLaVA v1.6).
        case llavaNext = "llava_next"
        /// One picture (LLaVA-1.5, ShareGPT4V).
        case llava
        /// Tiles and a thumbnail, tokens of 2×2 patches (InternVL2.5 and InternVL3 in their `-hf` form).
        case internVL = "internvl"
    }

    /// Who wrote the folder: it decides tensor names and where preprocessing is described.
    public enum Layout: String, Sendable, Hashable {
        /// llava-hf: `text_config`, `vision_config`, `preprocessor_config.json`.
        case huggingFace
        /// The LLaVA authors' (and ShareGPT4V's): the language model's configuration with `mm_…` keys.
        case original
    }

    /// Which rows of the vision tower's output go to the projector.
    public enum FeatureSelection: String, Sendable, Hashable {
        /// Without CLS.
        case `default`
        /// With CLS.
        case full
    }

    /// How a picture is made to fit, where the configuration (not a preprocessor file) says it.
    public enum AspectRatio: String, Sendable, Hashable {
        case pad, anyres, square
    }

    public var family: Family
    public var layout: Layout
    /// `model_type`, as written.
    public var modelType: String
    public var text: TextModelConfig
    /// The vision tower. In the original layout, which does not describe it, CLIP-L at 336 pixels: a tower folder
    /// of its own, where there is one, says better (`VisionModelConfig.init(towerFolder:)`).
    public var vision: VisionModelConfig
    /// The tower that the original layout names (`mm_vision_tower`).
    public var visionTowerName: String?
    public var projectorActivation: Activation
    public var projectorHasBias: Bool
    /// The placeholder's id; `nil` in the original layout, whose vocabulary has none.
    public var imageTokenID: Int?
    /// Canvas sizes for any-resolution tiling, in the file's order; empty for a single-picture model.
    public var pinpoints: [Pinpoint]
    /// As written: indices into embeddings (0) and layer outputs (1…), from the end if negative. The features of several
    /// are joined along the last axis, in this order.
    public var visionFeatureLayers: [Int]
    public var featureSelection: FeatureSelection
    /// Patches along one side of a token, whose features are joined before the projector: 2 for InternVL, else 1.
    public var patchesPerTokenSide = 1
    /// The outermost `tie_word_embeddings`. The one that counts is `text.tiesWordEmbeddings`.
    public var tiesWordEmbeddings: Bool
    /// The outermost `eos_token_id`, if given.
    public var endTokenIDs: [Int]
    /// Given by the original layout only.
    public var aspectRatio: AspectRatio?

    /// The same, all counted from the front: 23 for −2 of 24 layers.
    public var resolvedFeatureLayers: [Int] {
        visionFeatureLayers.map { $0 < 0 ? vision.layerCount + 1 + $0 : $0 }
    }

    /// How many layers of the vision tower run before its features are taken: 23 for −2 of 24.
    public var visionFeatureLayerCount: Int { resolvedFeatureLayers.max() ?? 0 }

    /// Width of the features that the projector reads: of all feature layers and all patches of a token together.
    public var featureWidth: Int {
        vision.hiddenSize * visionFeatureLayers.count * patchesPerTokenSide * patchesPerTokenSide
    }

    /// Tokens of one view, without CLS.
    public var tokensPerView: Int {
        let side = vision.gridSize / patchesPerTokenSide
        return side * side
    }

    /// Pixels along one side of a token.
    public var tokenSize: Int { vision.patchSize * patchesPerTokenSide }
}

/// A canvas size in pixels.
public struct Pinpoint: Sendable, Hashable {
    public var height: Int
    public var width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    /// The list of Transformers' `LlavaNextConfig` and `LlavaNextImageProcessor`.
    public static let llavaNextDefaults = [
        Pinpoint(height: 336, width: 672), Pinpoint(height: 672, width: 336), Pinpoint(height: 672, width: 672),
        Pinpoint(height: 1008, width: 336), Pinpoint(height: 336, width: 1008),
    ]
}

extension ConfigObject {
    /// Reads pairs of pixels; absent or `null` takes the default.
    /// - Parameter widthFirst: The order within a pair; the original LLaVA code writes (width, height).
    func pinpoints(_ key: String, default fallback: [Pinpoint], widthFirst: Bool = false) throws -> [Pinpoint] {
        guard has(key) else { return fallback }
        let needed = "a list of 1 to 1024 pairs of whole numbers from 1 to \(ConfigLimits.pixels.upperBound)"
        guard case .array(let list) = values[key], (1...1024).contains(list.count) else {
            throw wrong(key, needed: needed)
        }
        return try list.map { item in
            guard case .array(let pair) = item, pair.count == 2, let first = Self.integer(pair[0]),
                let second = Self.integer(pair[1]), ConfigLimits.pixels.contains(first),
                ConfigLimits.pixels.contains(second)
            else { throw wrong(key, needed: needed) }
            return widthFirst ? Pinpoint(height: second, width: first) : Pinpoint(height: first, width: second)
        }
    }
}
