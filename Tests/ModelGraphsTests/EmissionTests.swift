import ElementTypes
import Foundation
import Testing

@testable import ModelGraphs

@Suite struct EmissionTests {
    private func sample(_ builder: GraphBuilder = GraphBuilder(name: "sample")) throws -> EmittedGraph {
        let input = try builder.parameter("in", .f32, [GraphShape.dynamic, 4])
        let tensor = try WeightTensor(name: "w", elementType: .f16, shape: [3, 4], byteOffset: 7, byteCount: 24)
        let product = try builder.matMul(input, try builder.floatWeight(tensor), transposeRight: true)
        let shifted = try builder.add(product, try builder.constant([1, 2, 3] as [Float], shape: [1, 3]))
        try builder.result(try builder.reshape(shifted, [0, 3]), "out")
        return try builder.emit(constantsOffset: 128)
    }

    @Test func readsBackAsWritten() throws {
        let graph = try sample()
        let parsed = try #require(ParsedIR(graph.xml))
        #expect(parsed.graphName == "sample")
        #expect(parsed.layers.map(\.id) == Array(parsed.layers.indices))
        #expect(Set(parsed.layers.map(\.name)).count == parsed.layers.count)
        let parameter = try #require(parsed.layer(named: "in"))
        #expect(parameter.type == "Parameter" && parameter.tensorNames == ["in"])
        #expect(parameter.data == ["shape": "?,4", "element_type": "f32"])
        let result = try #require(parsed.layer(named: "out"))
        #expect(result.type == "Result" && parsed.source(of: result, port: 0)?.tensorNames == ["out"])
        for edge in parsed.edges {
            let dimensions = try #require(parsed.layers[edge.from].outputs[edge.fromPort])
            #expect(parsed.layers[edge.to].inputs[edge.toPort] == dimensions)
        }
        #expect(parsed.edges.count == parsed.layers.reduce(0) { $0 + $1.inputs.count })
    }

    @Test func constantsLieInWeightsOrPool() throws {
        let graph = try sample()
        let parsed = try #require(ParsedIR(graph.xml))
        let weight = try #require(parsed.layers.first { $0.data["element_type"] == "f16" })
        #expect(weight.data["offset"] == "7" && weight.data["size"] == "24" && weight.data["shape"] == "3, 4")
        #expect(parsed.layers(ofType: "Convert").map(\.isDecompression) == [true])
        let shift = try #require(parsed.layers.first { $0.type == "Const" && $0.data["element_type"] == "f32" })
        let offset = try #require(shift.data["offset"].flatMap(Int.init))
        #expect(offset >= 128 && offset % 64 == 0)
        #expect(Array(graph.constants[(offset - 128)...].prefix(12)) == ConstantPool.bytes(of: [1, 2, 3] as [Float]))
        #expect(graph.requiredBufferSize == 128 + graph.constants.count)
    }

    @Test func isDeterministic() throws {
        #expect(try sample() == sample())
    }

    @Test func equalConstantsAreKeptOnce() {
        var pool = ConstantPool()
        let first = pool.insert([1, 2, 3])
        let second = pool.insert([4])
        #expect(pool.insert([1, 2, 3]) == first && first == 0 && second == 64 && pool.bytes.count == 65)
        #expect(ConstantPool.bytes(of: [-2] as [Int64]) == [0xFE, 255, 255, 255, 255, 255, 255, 255])
    }

    @Test(arguments: [
        ("a<b>&\"c\"", "a&lt;b&gt;&amp;&quot;c&quot;"), ("tab\tline\n", "tab&#9;line&#10;"),
        ("bell\u{7}\u{FFFE}", "bell\u{FFFD}\u{FFFD}"), ("grün 漢", "grün 漢"), ("", ""),
    ])
    func escaping(text: String, expected: String) {
        #expect(IRWriter.escape(text) == expected)
    }

    @Test func hostileNamesStayWellFormed() throws {
        let builder = GraphBuilder(name: "</net>\"&")
        let name = "x\"/><layer id='9'>\n\u{1}"
        try builder.result(try builder.parameter(name, .f32, [1]), "y&")
        let parsed = try #require(ParsedIR(try builder.emit(constantsOffset: 0).xml))
        #expect(parsed.graphName == "</net>\"&")
        #expect(parsed.layers.map(\.type) == ["Parameter", "Convert", "Result"])
        #expect(parsed.layers[0].name == "x\"/><layer id='9'>\n\u{FFFD}")
    }

    @Test func exactNamesCannotClash() throws {
        let builder = GraphBuilder(name: "t")
        _ = try builder.parameter("x", .f32, [1])
        #expect(throws: GraphError.self) { try builder.parameter("x", .f32, [1]) }
        #expect(throws: GraphError.self) { try builder.emit(constantsOffset: 63) }
        #expect(throws: GraphError.self) { try builder.emit(constantsOffset: -64) }
    }

    @Test func scopesGiveReadableUniqueNames() throws {
        let builder = GraphBuilder(name: "t")
        let input = try builder.parameter("x", .f32, [1])
        try builder.scope("a") { for _ in 0..<3 { _ = try builder.sqrt(input) } }
        let names = try #require(ParsedIR(try builder.emit(constantsOffset: 0).xml)).layers.map(\.name)
        #expect(names == ["x", "a/Sqrt", "a/Sqrt_1", "a/Sqrt_2"])
    }
}
