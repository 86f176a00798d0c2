/// Where a row of CLS attention comes from: a layer, and all heads together or one of them.
struct AttentionSource: Sendable, Hashable {
    let layer: VisionTap.Layer
    /// Nil for the sum over heads.
    let head: Int?

    var tap: VisionTap { VisionTap(head == nil ? .classAttention : .classAttentionPerHead, layer: layer) }

    /// One number for each token of a view.
    ///
    /// - Throws: `HiREDError.invalidAttention` where the tap is missing; `.invalidHead` for a head that is not there.
    func row(of view: ViewTaps?, count: Int, partition: Int) throws(HiREDError) -> [Float] {
        let values = try (view ?? ViewTaps()).values(of: tap, count: count, partition: partition)
        guard let head else { return values }
        guard head >= 0, head < values.count / count else { throw .invalidHead(head, of: values.count / count) }
        return Array(values[(head * count)..<((head + 1) * count)])
    }
}
