public import Foundation

/// A checkpoint's `config.json`.
public struct VisionLanguageConfig: Sendable, Equatable {
    public enum Family: String, Sendable, CaseIterable {
        case llavaNext = "llava_next"
        case llava
    }

    public enum FeatureSelection: String, Sendable, CaseIterable {
        /// Patch features alone.
        case patches = "default"
        /// With the CLS feature.
        case full
    }

    /// A resolution that pictures may be cut from, in pixels.
    public struct Pinpoint: Sendable, Equatable {
        public var height: Int
        public var width: Int

        public init(height: Int, width: Int) {
            self.height = height
            self.width = width
        }
    }

    public var family: Family
    public var text: TextConfig
    public var vision: VisionConfig
    public var projectorActivation: VisionConfig.Activation
    public var projectorBias: Bool
    public var imageTokenIndex: Int
    public var gridPinpoints: [Pinpoint]
    public var featureSelection: FeatureSelection
    /// Which entry of the tower's hidden states (0 is the embeddings) feeds the projector; from 1 to the layer count.
    public var featureHiddenState: Int
    public var tieWordEmbeddings: Bool

    /// l_final: the 0-based layer whose output feeds the projector.
    public var finalLayer: Int { featureHiddenState - 1 }

    static let defaultPinpoints = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)].map {
        Pinpoint(height: $0.0, width: $0.1)
    }

    /// - Throws: `CheckpointError`.
    public init(contentsOf url: URL) throws(CheckpointError) {
        let json = try JSONObject(
            contentsOf: url, remedy: "give the folder of a Hugging Face checkpoint, which holds a config.json")
        try self.init(json)
    }

    init(_ json: JSONObject) throws(CheckpointError) {
        let path = json.path
        let name = try json.string("model_type") ?? "none"
        guard let family = Family(rawValue: name) else {
            throw .unsupported(
                path: path, found: "a model of type '\(name)'",
                supported: Family.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.family = family
        text = try TextConfig(try json.object("text_config"), path: path)
        vision = try VisionConfig(try json.object("vision_config"), path: path)
        let act = try json.string("projector_hidden_act") ?? "gelu"
        guard let activation = VisionConfig.Activation(rawValue: act) else {
            throw .unsupported(path: path, found: "the projector activation '\(act)'", supported: "gelu, quick_gelu")
        }
        projectorActivation = activation
        projectorBias = try json.bool("multimodal_projector_bias") ?? true
        // Newer files write the attribute's other name.
        let index = try json.integer("image_token_index", in: 0...(1 << 24))
        let identifier = try json.integer("image_token_id", in: 0...(1 << 24))
        imageTokenIndex = index ?? identifier ?? 32_000
        gridPinpoints =
            try json.pairs("image_grid_pinpoints")?.map { Pinpoint(height: $0.0, width: $0.1) }
            ?? Self.defaultPinpoints
        let selection = try json.string("vision_feature_select_strategy") ?? "default"
        guard let featureSelection = FeatureSelection(rawValue: selection) else {
            throw .unsupported(
                path: path, found: "the feature selection '\(selection)'", supported: "default, full")
        }
        self.featureSelection = featureSelection
        let layers = try json.integers("vision_feature_layer") ?? [-2]
        guard layers.count == 1 else {
            throw .unsupported(path: path, found: "\(layers.count) vision feature layers", supported: "one")
        }
        let state = layers[0] < 0 ? vision.layerCount + 1 + layers[0] : layers[0]
        guard (1...vision.layerCount).contains(state) else {
            throw .malformed(
                path: path,
                reason: "vision_feature_layer \(layers[0]) is outside a tower of \(vision.layerCount) layers")
        }
        featureHiddenState = state
        // LLaVA-1.5's class leaves the base class's default (tied), but its published checkpoints all hold a head and
        // set false; the head that is there decides, see ModelGraphs.
        tieWordEmbeddings = try json.bool("tie_word_embeddings") ?? text.tieWordEmbeddings
    }
}
