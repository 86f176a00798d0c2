import ModelGraphs
import OpenVINO
import Testing

@Suite struct CosineGraphTests {
    /// Several shapes on one request, a row of zeros among them.
    @Test func cosinesAreThoseOfTheRows() throws {
        let graph = try CosineGraph.emit()
        let runner = try GraphRunner()
        let request = try runner.compile(try runner.model(graph, buffer: graph.constants)).makeRequest()
        for (count, width) in [(1, 1), (3, 5), (40, 64), (7, 3)] {
            var values = (0..<(count * width)).map { Float(($0 * 7919) % 101) - 50 }
            if count > 2 { for column in 0..<width { values[2 * width + column] = 0 } }
            try request.set(PortName.features, try Tensor(values, shape: [count, width]))
            try request.infer()
            let found = try request.tensor(PortName.cosines).elements(of: Float.self)
            try #require(found.count == count * count)
            for row in 0..<count {
                for other in 0..<count {
                    var (product, left, right) = (0.0, 0.0, 0.0)
                    for column in 0..<width {
                        let (a, b) = (Double(values[row * width + column]), Double(values[other * width + column]))
                        (product, left, right) = (product + a * b, left + a * a, right + b * b)
                    }
                    let expected = left * right > 0 ? product / (left * right).squareRoot() : 0
                    #expect(
                        abs(Double(found[row * count + other]) - expected) < 1e-5, "\(count)×\(width) \(row) \(other)")
                }
            }
        }
    }
}
