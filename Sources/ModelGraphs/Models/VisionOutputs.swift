/// A look into one vision layer. `layer` is 0-based; layer 0 reads the embeddings. Where a token is a square of patches,
/// what is said of patches here holds of tokens: rows are joined, attention is summed.
public enum LayerTap: Sendable, Hashable {
    /// The CLS query's softmax over all keys, CLS column dropped, summed over heads: [pictures, patches].
    case clsSummed(layer: Int)
    /// The same for each head: [pictures, heads, patches].
    case clsPerHead(layer: Int)
    /// softmax(q·kᵀ/√C) of the CLS query without a split into heads, CLS column dropped: [pictures, patches].
    case clsMerged(layer: Int)
    /// The keys of all patches, bias included, not split into heads: [pictures, patches, C].
    case keys(layer: Int)
    /// What the layer gives, CLS left out: [pictures, patches, C].
    case features(layer: Int)

    public var layer: Int {
        switch self {
        case .clsSummed(let layer), .clsPerHead(let layer), .clsMerged(let layer), .keys(let layer),
            .features(let layer):
            layer
        }
    }

    /// Whether queries and keys of the layer give it, without the rest of the layer.
    var isOfAttention: Bool { if case .features = self { false } else { true } }

    /// The graph output that carries the tap; always f32.
    public var outputName: String {
        switch self {
        case .clsSummed(let layer): "cls_attention.\(layer)"
        case .clsPerHead(let layer): "cls_attention_per_head.\(layer)"
        case .clsMerged(let layer): "cls_attention_merged.\(layer)"
        case .keys(let layer): "keys.\(layer)"
        case .features(let layer): "features.\(layer)"
        }
    }
}

/// What a vision graph gives out. The layers that nothing here needs are not in the graph.
public struct VisionOutputs: Sendable, Hashable {
    /// Which tokens of the feature layer are given (`vision_feature_select_strategy`).
    public enum Selection: String, Sendable, Hashable {
        /// The patches, without CLS.
        case patches = "default"
        /// CLS, then the patches.
        case all = "full"
    }

    /// Indices k ≥ 0 of Transformers' `hidden_states`: 0 are the embeddings, k is what layer k − 1 gives. Several are
    /// joined along the last axis. Empty: no features, only taps.
    public var featureLayers: [Int]
    public var selection: Selection
    public var taps: [LayerTap]

    public init(featureLayers: [Int], selection: Selection = .patches, taps: [LayerTap] = []) {
        self.featureLayers = featureLayers
        self.selection = selection
        self.taps = taps
    }

    /// The index k ≥ 0 for a `vision_feature_layer` that may count from the end (−2 of 24 layers is 23).
    ///
    /// - Throws: ``GraphError/configuration(key:reason:)`` when there is no such layer.
    public static func featureLayer(_ configured: Int, layerCount: Int) throws -> Int {
        let index = configured < 0 ? configured + layerCount + 1 : configured
        guard index >= 0, index <= layerCount else {
            throw GraphError.configuration(
                key: "vision_feature_layer", reason: "is \(configured), but the tower has \(layerCount) layers")
        }
        return index
    }

    func validate(layerCount: Int) throws {
        guard !featureLayers.isEmpty || !taps.isEmpty else {
            throw GraphError.configuration(
                key: "vision_feature_layer", reason: "names no layer, and no tap is asked for")
        }
        for layer in featureLayers {
            try ShapeLimits.check("vision_feature_layer", layer, in: 0...layerCount)
        }
        for tap in taps {
            try ShapeLimits.check("vision tap layer", tap.layer, in: 0...(layerCount - 1))
        }
        guard Set(taps).count == taps.count else {
            throw GraphError.configuration(key: "vision taps", reason: "name the same tap twice")
        }
    }
}
