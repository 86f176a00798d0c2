/// Something a strategy reads from the vision transformer besides its features.
public struct VisionTap: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        /// CLS row of softmax(QKᵀ/√d), CLS column dropped, summed over heads: [N].
        case classAttention
        /// The same per head: [H, N].
        case classAttentionPerHead
        /// CLS row of softmax(q·kᵀ/√C) without a split into heads: [N].
        case classAttentionUnsplit
        /// Keys: [N, C].
        case keys
    }

    public enum Layer: String, Sendable, Hashable {
        /// l_init = 0.
        case first
        /// l_final: the layer whose output feeds the projector.
        case final
    }

    public let kind: Kind
    public let layer: Layer

    public init(_ kind: Kind, layer: Layer) {
        self.kind = kind
        self.layer = layer
    }
}

/// What the taps of one encoded partition hold, row-major float32.
public struct ViewTaps: Sendable, Equatable {
    public var values: [VisionTap: [Float]]

    public init(_ values: [VisionTap: [Float]] = [:]) {
        self.values = values
    }

    /// The head-summed CLS row of a layer.
    ///
    /// - Throws: `HiREDError.invalidAttention` when it is missing, has another length or holds a number that is
    ///   not finite.
    func classAttention(_ layer: VisionTap.Layer, count: Int, partition: Int) throws(HiREDError) -> [Float] {
        guard let row = values[VisionTap(.classAttention, layer: layer)] else {
            throw .invalidAttention("partition \(partition) has no CLS row of the \(layer.rawValue) layer")
        }
        guard row.count == count else {
            throw .invalidAttention("partition \(partition) has \(row.count) values for \(count) tokens")
        }
        guard row.allSatisfy(\.isFinite) else {
            throw .invalidAttention(
                "partition \(partition) holds values that are not finite; the weights may be damaged")
        }
        return row
    }
}
