import Foundation
import OpenVINO
import Testing

@testable import ModelGraphs

@Suite struct GraphBuilderTests {
    private func builder() -> GraphBuilder { GraphBuilder(name: "a \"b\" <c>") { _ in 64 } }

    @Test func shapesAreInferredAndWrongOnesRefused() throws {
        var graph = builder()
        let x = graph.parameter("x", .f32, [-1, 4])
        let w = graph.constant(.f32, [3, 4], offset: 0, byteCount: 48)
        let y = try graph.matMul(x, w, transposeB: true)
        #expect(y.shape == [-1, 3])
        #expect(throws: GraphError.self) { try graph.matMul(x, w, transposeB: false) }
        #expect(throws: GraphError.self) { try graph.add(y, w) }
        #expect(
            try graph.reshape(graph.constant(.f32, [2, 6], offset: 0, byteCount: 48), [0, 2, -1]).shape == [2, 2, 3])
        #expect(try graph.slice(w, axis: 1, from: 1, to: 99).shape == [3, 3])
        #expect(try graph.transpose(w, [1, 0]).shape == [4, 3])
    }

    @Test func xmlIsWellFormedAndTheSameEachTime() throws {
        func emit() throws -> String {
            var graph = builder()
            let x = graph.parameter("x", .f32, [-1, 4])
            graph.result(try graph.multiply(x, try graph.scalar(Float(2))), "y")
            return graph.xml()
        }
        let xml = try emit()
        #expect(try xml == emit())
        #expect(xml.contains("name=\"a &quot;b&quot; &lt;c&gt;\""))
        #expect(xml.contains("names=\"y\""))
        #expect(xml.components(separatedBy: "<edge ").count - 1 == 3)
    }

    @Test func halvesConvertAsIEEESays() {
        #expect(Float(halfBits: 0x3C00) == 1)
        #expect(Float(halfBits: 0xC000) == -2)
        #expect(Float(halfBits: 0x0001) == 0x1p-24)
        #expect(Float(halfBits: 0x7BFF) == 65504)
        #expect(Float(halfBits: 0x7C00) == .infinity)
        #expect(Float(halfBits: 0x7E00).isNaN)
        #expect(Float(halfBits: 0x8000).sign == .minus)
    }
}
