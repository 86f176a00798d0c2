import ModelGraphs
import OpenVINO
import Testing

/// The vision tower, the projector and the token table against Transformers, in float32.
@Suite struct EncoderParityTests {
    @Test(arguments: ["vision-quick-gelu", "vision-gelu-full"])
    func visionTower(name: String) throws {
        let fixture = try GraphFixture(name)
        let outputs = try fixture.visionOutputs()
        let graph = try VisionGraph.emit(
            try fixture.visionShape(), normalization: .clip, outputs: outputs, weights: fixture.weights,
            prefix: "vision_tower.vision_model.", constantsOffset: fixture.constantsOffset)
        let request = try GraphRunner().request(graph, of: fixture)
        let pixels = try fixture.input(PortName.pixels, UInt8.self)
        try request.set(PortName.pixels, try Tensor(pixels.values, shape: pixels.shape))
        try request.infer()

        #expect(Set(fixture.outputNames) == Set(outputs.taps.map(\.outputName) + [PortName.features]))
        for output in fixture.outputNames {
            let expected = try fixture.output(output)
            let actual = try request.tensor(output)
            #expect(actual.shape == expected.shape, "\(output)")
            let values = try actual.elements(of: Float.self)
            if output.hasPrefix("cls_attention") {
                #expect(try absoluteError(values, expected.values) < 1e-5, "\(output)")
            } else {
                #expect(try relativeError(values, expected.values) < 1e-5, "\(output)")
            }
        }
    }

    /// Taps beyond the feature layer must not change the features.
    @Test func featuresDoNotDependOnTaps() throws {
        let fixture = try GraphFixture("vision-quick-gelu")
        let request = try GraphRunner().request(
            try VisionGraph.emit(
                try fixture.visionShape(), normalization: .clip, outputs: VisionOutputs(featureLayers: [2]),
                weights: fixture.weights, prefix: "vision_tower.vision_model.",
                constantsOffset: fixture.constantsOffset), of: fixture)
        let pixels = try fixture.input(PortName.pixels, UInt8.self)
        try request.set(PortName.pixels, try Tensor(pixels.values, shape: pixels.shape))
        try request.infer()
        let values = try request.tensor(PortName.features).elements(of: Float.self)
        #expect(try relativeError(values, try fixture.output(PortName.features).values) < 1e-5)
    }

    @Test func projector() throws {
        let fixture = try GraphFixture("projector")
        let shape = ProjectorShape(
            inputSize: try #require(fixture.model.inputSize), outputSize: try #require(fixture.model.outputSize))
        let graph = try ProjectorGraph.emit(
            shape, weights: fixture.weights, first: "multi_modal_projector.linear_1",
            second: "multi_modal_projector.linear_2", constantsOffset: fixture.constantsOffset)
        let request = try GraphRunner().request(graph, of: fixture)
        let features = try fixture.input(PortName.features, Float.self)
        try request.set(PortName.features, try Tensor(features.values, shape: features.shape))
        try request.infer()
        let actual = try request.tensor(PortName.imageEmbeddings)
        let expected = try fixture.output(PortName.imageEmbeddings)
        #expect(actual.shape == expected.shape)
        #expect(try relativeError(try actual.elements(of: Float.self), expected.values) < 1e-5)
    }

    @Test(arguments: ["decoder-llama", "decoder-llama-gqa-tied"])
    func tokenTable(name: String) throws {
        let fixture = try GraphFixture(name)
        let graph = try TextEmbeddingsGraph.emit(
            vocabularySize: try #require(fixture.model.vocabularySize),
            hiddenSize: try #require(fixture.model.hiddenSize), weights: fixture.weights,
            table: "language_model.model.embed_tokens.weight", constantsOffset: fixture.constantsOffset)
        let request = try GraphRunner().request(graph, of: fixture)
        let ids = try fixture.input(PortName.inputIDs, Int64.self)
        try request.set(PortName.inputIDs, try Tensor(ids.values, shape: ids.shape))
        try request.infer()
        #expect(
            try request.tensor(PortName.inputsEmbeds).elements(of: Float.self)
                == fixture.output(PortName.inputsEmbeds).values)
    }
}
