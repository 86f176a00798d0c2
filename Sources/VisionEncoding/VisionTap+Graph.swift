package import Checkpoints
package import HiRED
package import ModelGraphs

/// Where a tap is found.
package enum TapSource: Sendable, Hashable {
    /// An output of a graph that is emitted with it.
    case output(LayerTap)
    /// The features that every graph gives.
    case features
    /// The projector, behind the features.
    case projector
}

extension VisionTap {
    /// - Throws: `GraphError.configuration` for a layer that the tower does not have.
    package func source(in config: VisionLanguageConfig) throws -> TapSource {
        if kind == .projected {
            guard layer == .final else {
                throw GraphError.configuration(key: "strategy", reason: "asks for projected tokens of a single layer")
            }
            return .projector
        }
        let count = config.vision.layerCount
        let number =
            switch layer {
            case .first: 0
            case .final: config.visionFeatureLayerCount - 1
            case .index(let index): index < 0 ? index + count : index
            }
        guard (0..<count).contains(number) else {
            throw GraphError.configuration(
                key: "strategy", reason: "reads \(self), but the vision tower has \(count) layers")
        }
        switch kind {
        case .classAttention: return .output(.clsSummed(layer: number))
        case .classAttentionPerHead: return .output(.clsPerHead(layer: number))
        case .classAttentionUnsplit: return .output(.clsMerged(layer: number))
        case .keys: return .output(.keys(layer: number))
        case .features where config.resolvedFeatureLayers == [number + 1] && config.featureSelection == .default:
            return .features
        case .features, .projected: return .output(.features(layer: number))
        }
    }
}

extension LayerTap {
    /// One order for one set, so that it names one graph.
    static func ordered(_ taps: Set<LayerTap>) -> [LayerTap] {
        taps.sorted { ($0.layer, $0.outputName) < ($1.layer, $1.outputName) }
    }
}
