import ModelGraphs
import Testing

@Suite struct VisionGraphTests {
    private static let shape = VisionTowerShape(
        imageSize: 28, patchSize: 7, hiddenSize: 12, intermediateSize: 20, layerCount: 4, headCount: 3)

    private func emit(
        _ outputs: VisionOutputs, shape: VisionTowerShape = Self.shape, layersInCheckpoint: Int? = nil,
        normalization: PixelNormalization = .clip
    ) throws -> ParsedIR {
        let table = try SyntheticWeights.table(SyntheticWeights.vision(shape, layers: layersInCheckpoint))
        let graph = try VisionGraph.emit(
            shape, normalization: normalization, outputs: outputs, weights: table, prefix: "v.",
            constantsOffset: 1 << 20)
        return try #require(ParsedIR(graph.xml))
    }

    @Test func outputsHaveTheirShapes() throws {
        let parsed = try emit(
            VisionOutputs(
                featureLayers: [3],
                taps: [.clsSummed(layer: 0), .clsPerHead(layer: 2), .clsMerged(layer: 3), .keys(layer: 3)]))
        var shapes: [String: [Int]] = [:]
        for result in parsed.layers(ofType: "Result") { shapes[result.name] = result.inputs[0] }
        #expect(
            shapes == [
                "features": [-1, 16, 12], "cls_attention.0": [-1, 16], "cls_attention_per_head.2": [-1, 3, 16],
                "cls_attention_merged.3": [-1, 16], "keys.3": [-1, 16, 12],
            ])
        let pixels = try #require(parsed.layer(named: "pixels"))
        #expect(pixels.data == ["shape": "?,28,28,3", "element_type": "u8"])
        let full = try emit(VisionOutputs(featureLayers: [3], selection: .all))
        #expect(full.layers(ofType: "Result").map(\.inputs) == [[0: [-1, 17, 12]]])
        let joined = try emit(VisionOutputs(featureLayers: [1, 3]))
        #expect(joined.layers(ofType: "Result").map(\.inputs) == [[0: [-1, 16, 24]]])
    }

    @Test func noAttentionMatrixIsEverMade() throws {
        let parsed = try emit(
            VisionOutputs(featureLayers: [4], taps: (0..<4).flatMap { [.clsSummed(layer: $0), .clsMerged(layer: $0)] }))
        #expect(!parsed.layers.flatMap { $0.outputs.values }.contains { $0.suffix(2) == [17, 17] })
        #expect(parsed.layers(ofType: "ScaledDotProductAttention").count == 4)
    }

    /// The checkpoint holds only the layers that should be needed, so a deeper one would be missed.
    @Test(arguments: [
        (VisionOutputs(featureLayers: [0]), 0), (VisionOutputs(featureLayers: [3]), 3),
        (VisionOutputs(featureLayers: [3], taps: [.clsSummed(layer: 2)]), 3),
        (VisionOutputs(featureLayers: [3], taps: [.keys(layer: 3)]), 3),
        (VisionOutputs(featureLayers: [], taps: [.clsSummed(layer: 0)]), 0),
    ])
    func deeperLayersAreLeftOut(outputs: VisionOutputs, wholeLayers: Int) throws {
        let deepest = max(wholeLayers, (outputs.taps.map(\.layer).max() ?? -1) + 1)
        let parsed = try emit(outputs, layersInCheckpoint: deepest)
        #expect(parsed.layers(ofType: "ScaledDotProductAttention").count == wholeLayers)
    }

    @Test(arguments: [(-2, 23), (-1, 24), (0, 0), (24, 24), (-25, 0)])
    func featureLayersResolve(configured: Int, expected: Int) throws {
        #expect(try VisionOutputs.featureLayer(configured, layerCount: 24) == expected)
    }

    @Test func impossibleRequestsAreRefused() throws {
        #expect(throws: GraphError.self) { try VisionOutputs.featureLayer(-26, layerCount: 24) }
        #expect(throws: GraphError.self) { try VisionOutputs.featureLayer(25, layerCount: 24) }
        for outputs in [
            VisionOutputs(featureLayers: []), VisionOutputs(featureLayers: [5]), VisionOutputs(featureLayers: [-1]),
            VisionOutputs(featureLayers: [1], taps: [.keys(layer: 4)]),
            VisionOutputs(featureLayers: [1], taps: [.keys(layer: -1)]),
            VisionOutputs(featureLayers: [1], taps: [.keys(layer: 0), .keys(layer: 0)]),
        ] {
            #expect(throws: GraphError.self) { try emit(outputs) }
        }
        let broken: [(inout VisionTowerShape) -> Void] = [
            { $0.patchSize = 0 }, { $0.patchSize = 29 }, { $0.headCount = 5 }, { $0.hiddenSize = 0 },
            { $0.imageSize = .max }, { $0.channelCount = 4 }, { $0.layerNormEpsilon = 0 }, { $0.layerCount = 0 },
        ]
        for breakIt in broken {
            var shape = Self.shape
            breakIt(&shape)
            #expect(throws: GraphError.self) { try shape.validate() }
        }
        for deviation in [[1.0, 1, 0], [1, 1], [1, .nan, 1]] {
            let normalization = PixelNormalization(rescaleFactor: 1, mean: [0, 0, 0], standardDeviation: deviation)
            #expect(throws: GraphError.self) {
                try emit(VisionOutputs(featureLayers: [1]), normalization: normalization)
            }
        }
    }
}
