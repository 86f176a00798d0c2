/// A weight of a graph, as a folder stores it.
package typealias StoredWeight = (part: GraphPart, type: String, byteCount: Int)

/// What the runtime makes of stored weights.
package enum ResidentWeights {
    /// Bytes that the runtime allocates for a weight: it repacks every matrix, and widens or narrows floats to the type
    /// it computes with. The token table is read where it lies.
    ///
    /// - Parameter floatBytes: size of the type the runtime computes with: 4, or 2 for bf16.
    package static func byteCount(_ weights: [StoredWeight], floatBytes: Int) -> Int {
        weights.reduce(0) { sum, weight in
            guard weight.part != .textEmbeddings else { return sum }
            return switch weight.type {
            case "f16", "bf16": sum + weight.byteCount / 2 * floatBytes
            case "f32": sum + weight.byteCount / 4 * floatBytes
            default: sum + weight.byteCount
            }
        }
    }
}
