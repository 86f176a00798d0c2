import ElementTypes
import ModelGraphs
import OpenVINO
import Testing

/// The decoder against Transformers, in float32: as a stateful model and after the paged-attention pass.
@Suite struct DecoderParityTests {
    static let cases = [
        "decoder-llama", "decoder-llama-gqa-tied", "decoder-llama-biases", "decoder-llama3-scaling", "decoder-mistral",
        "decoder-qwen2",
    ]

    @Test(arguments: cases)
    func inverseFrequencies(name: String) throws {
        let fixture = try GraphFixture(name)
        let shape = try fixture.decoderShape()
        let expected = try fixture.output("inverse_frequencies").values
        let actual = shape.rotary.inverseFrequencies(headSize: shape.headSize)
        try #require(actual.count == expected.count)
        // One unit in the last place: the two sides use different power functions.
        for (mine, theirs) in zip(actual, expected) { #expect(abs(mine - theirs) <= theirs.ulp) }
    }

    /// A batch of two, one of them padded on the left, in one piece and in three that continue from the state.
    @Test(arguments: cases, [[11], [7, 3, 1]])
    func logits(name: String, pieces: [Int]) throws {
        let fixture = try GraphFixture(name)
        let request = try GraphRunner().request(try fixture.decoder(), of: fixture)
        let mask = try fixture.input(PortName.attentionMask, Int64.self)
        let positions = try fixture.input(PortName.positionIDs, Int64.self).values
        let embeddings = try fixture.output(PortName.inputsEmbeds)
        let expected = try fixture.output(PortName.logits)
        let (rows, length, width) = (embeddings.shape[0], embeddings.shape[1], embeddings.shape[2])
        let vocabulary = expected.shape[2]
        /// Columns of a [rows, length, size] tensor.
        func columns<Element>(_ values: [Element], _ range: Range<Int>, size: Int) -> [Element] {
            (0..<rows).flatMap { row in
                values[(row * length + range.lowerBound) * size..<(row * length + range.upperBound) * size]
            }
        }

        var worst: Float = 0
        var start = 0
        for count in pieces {
            let range = start..<start + count
            try request.set(
                PortName.inputsEmbeds,
                try Tensor(columns(embeddings.values, range, size: width), shape: [rows, count, width]))
            try request.set(
                PortName.attentionMask,
                try Tensor(columns(mask.values, 0..<range.upperBound, size: 1), shape: [rows, range.upperBound]))
            try request.set(
                PortName.positionIDs, try Tensor(columns(positions, range, size: 1), shape: [rows, count]))
            try request.set(PortName.beamIndex, try Tensor((0..<rows).map(Int32.init), shape: [rows]))
            try request.infer()
            let actual = try request.tensor(PortName.logits)
            #expect(actual.shape == [rows, count, vocabulary])
            let values = try actual.elements(of: Float.self)
            let wanted = columns(expected.values, range, size: vocabulary)
            for (index, column) in (0..<rows).flatMap({ row in range.map { (row, $0) } }).enumerated()
            where mask.values[column.0 * length + column.1] != 0 {
                let slice = index * vocabulary..<(index + 1) * vocabulary
                worst = max(worst, try relativeError(Array(values[slice]), Array(wanted[slice])))
            }
            start += count
        }
        #expect(start == length)
        #expect(worst < 1e-4)
    }

    @Test(arguments: cases)
    func pagedAttention(name: String) throws {
        let fixture = try GraphFixture(name)
        let shape = try fixture.decoderShape()
        let runner = try GraphRunner()
        let graph = try fixture.decoder()
        let model = try runner.model(graph, buffer: fixture.buffer(for: graph))
        try model.convertToPagedAttention(layers: shape.layerCount)
        #expect(try model.operationCount("ReadValue") == 0)
        #expect(try model.operationCount("ScaledDotProductAttention") == 0)
        let compiled = try runner.compile(model)
        #expect(try compiled.executedNodeCount("RoPE") == 2 * shape.layerCount)
        #expect(try compiled.executedNodeCount("RMS") == 2 * shape.layerCount + 1)
        #expect(try compiled.executedNodeCount("PagedAttention") == shape.layerCount)

        let request = try compiled.makeRequest()
        for port in try compiled.inputs() where port.name.contains("_cache.") {
            let dimensions = try #require(port.shape)
            // One block is enough for eleven positions.
            let sizes = try [1] + dimensions.dropFirst().map { try #require($0) }
            try request.set(port.name, try Tensor(#require(port.elementType), shape: sizes))
        }
        let embeddings = try fixture.output(PortName.inputsEmbeds)
        let expected = try fixture.output(PortName.logits)
        let positions = try fixture.input(PortName.positionIDs, Int64.self).values
        let (length, width, vocabulary) = (embeddings.shape[1], embeddings.shape[2], expected.shape[2])
        var past = 0
        for count in [8, 2, 1] {
            let range = past..<past + count
            try request.set(
                PortName.inputsEmbeds,
                try Tensor(
                    Array(embeddings.values[range.lowerBound * width..<range.upperBound * width]),
                    shape: [count, width]
                ))
            try request.set(PortName.positionIDs, try Tensor(Array(positions[range]), shape: [count]))
            try request.set(PortName.pastLengths, try Tensor([Int32(past)], shape: [1]))
            try request.set(PortName.subsequenceBegins, try Tensor([0, Int32(count)], shape: [2]))
            try request.set(PortName.blockIndices, try Tensor([0 as Int32], shape: [1]))
            try request.set(PortName.blockIndicesBegins, try Tensor([0, 1 as Int32], shape: [2]))
            try request.set(PortName.maxContextLength, try Tensor([Int32(range.upperBound)], shape: []))
            try request.set(PortName.sampledTokensIndices, try Tensor((0..<count).map(Int64.init), shape: [count]))
            try request.infer()
            let values = try request.tensor(PortName.logits).elements(of: Float.self)
            // The first row of the batch has no padding.
            let wanted = Array(expected.values[range.lowerBound * vocabulary..<range.upperBound * vocabulary])
            #expect(try relativeError(values, wanted) < 1e-4)
            past += count
        }
        #expect(past == length)
    }
}
