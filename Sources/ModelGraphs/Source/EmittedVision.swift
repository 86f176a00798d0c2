import ElementTypes

/// Vision graphs that were emitted over mapped weights, by their taps. Their constants lie behind the weights for good, so
/// a graph is emitted once.
final class EmittedVision {
    private var texts: [[LayerTap]: String] = [:]

    /// - Parameters:
    ///   - place: puts constants behind the weights: see ``MappedWeights/place(_:)``.
    func text(
        _ taps: [LayerTap], of graphs: CheckpointGraphs,
        place: ((Int) throws -> (bytes: [UInt8], result: String)) throws -> String
    ) throws -> String {
        if let known = texts[taps] { return known }
        let text = try place { offset in
            let graph = try graphs.vision(taps: taps, constantsOffset: offset)
            return (graph.constants, graph.xml)
        }
        texts[taps] = text
        return text
    }
}

extension CheckpointGraphs {
    func visionWeights(taps: [LayerTap]) throws -> [StoredWeight] {
        try vision(taps: taps, constantsOffset: 0).weights.map {
            (.vision, $0.tensor.elementType.rawValue, $0.tensor.byteCount)
        }
    }
}
