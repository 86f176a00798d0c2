/// Something a strategy reads from the vision transformer, or from the projector behind it, besides what it keeps.
public struct VisionTap: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// CLS row of softmax(QKᵀ/√d), CLS column dropped, summed over heads: [N].
        case classAttention
        /// The same per head: [H, N].
        case classAttentionPerHead
        /// CLS row of softmax(q·kᵀ/√C) without a split into heads: [N].
        case classAttentionUnsplit
        /// Keys, not split into heads: [N, C].
        case keys
        /// What the layer gives: [N, C].
        case features
        /// What the projector makes of the features that the model takes: [N, D]. A strategy that asks for it has every
        /// token of every view projected before it chooses. It has no layer of its own: `.final`.
        case projected
    }

    public enum Layer: Sendable, Hashable {
        /// l_init = 0.
        case first
        /// l_final: the layer whose output feeds the projector; the deepest where several do.
        case final
        /// Any layer, counted from 0, or from the end if negative: −1 is the tower's last. What the tower does not have
        /// is refused before a picture is encoded.
        case index(Int)
    }

    public let kind: Kind
    public let layer: Layer

    public init(_ kind: Kind, layer: Layer) {
        self.kind = kind
        self.layer = layer
    }

    public static let projected = VisionTap(.projected, layer: .final)
}

extension VisionTap: CustomStringConvertible {
    public var description: String {
        let what =
            switch kind {
            case .classAttention: "CLS row"
            case .classAttentionPerHead: "CLS row per head"
            case .classAttentionUnsplit: "CLS row without heads"
            case .keys: "keys"
            case .features: "features"
            case .projected: "projected tokens"
            }
        return switch layer {
        case _ where kind == .projected: what
        case .first: what + " of the first layer"
        case .final: what + " of the final layer"
        case .index(let number): what + " of layer \(number)"
        }
    }

    /// Whether there is one number for each token.
    var isRow: Bool { kind == .classAttention || kind == .classAttentionUnsplit }
}

/// What the taps of one encoded partition hold, row-major float32.
public struct ViewTaps: Sendable, Equatable {
    public var values: [VisionTap: [Float]]

    public init(_ values: [VisionTap: [Float]] = [:]) {
        self.values = values
    }

    /// A tap's numbers: `count` of them for a CLS row, a whole multiple of it for the others, whose heads or width the
    /// layout does not know.
    ///
    /// - Parameters:
    ///   - tap: which of them.
    ///   - count: N, the tokens of a partition.
    ///   - partition: for messages.
    /// - Throws: `HiREDError.invalidAttention` when the tap is missing, has another length or holds a number that is
    ///   not finite. O(values).
    public func values(of tap: VisionTap, count: Int, partition: Int) throws(HiREDError) -> [Float] {
        guard let values = values[tap] else { throw .invalidAttention("partition \(partition) has no \(tap)") }
        guard count > 0, !values.isEmpty, tap.isRow ? values.count == count : values.count % count == 0 else {
            throw .invalidAttention("partition \(partition) has \(values.count) values for \(count) tokens")
        }
        guard values.allSatisfy(\.isFinite) else {
            throw .invalidAttention(
                "partition \(partition) holds values that are not finite; the weights may be damaged")
        }
        return values
    }

    /// The head-summed CLS row of a layer.
    func classAttention(_ layer: VisionTap.Layer, count: Int, partition: Int) throws(HiREDError) -> [Float] {
        try values(of: VisionTap(.classAttention, layer: layer), count: count, partition: partition)
    }
}
