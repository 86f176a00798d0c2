import ModelGraphs
import OpenVINO
import Testing

/// Compiles emitted graphs in float32, with nothing quantised on the way.
struct GraphRunner {
    let core: Core

    init() throws {
        core = try Core()
    }

    func model(_ graph: EmittedGraph, buffer: [UInt8]) throws -> Model {
        try core.readModel(xml: graph.xml, weights: try Tensor(buffer, shape: [buffer.count]))
    }

    func compile(_ model: Model) throws -> CompiledModel {
        try core.compile(model, properties: .exact)
    }

    func request(_ graph: EmittedGraph, of fixture: GraphFixture) throws -> InferRequest {
        try compile(try model(graph, buffer: fixture.buffer(for: graph))).makeRequest()
    }
}

/// The largest difference between two tensors, as a share of the largest value expected.
func relativeError(_ actual: [Float], _ expected: [Float]) throws -> Float {
    try #require(actual.count == expected.count && !expected.isEmpty)
    let scale = expected.reduce(0) { max($0, abs($1)) }
    try #require(scale > 0)
    return zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
}

func absoluteError(_ actual: [Float], _ expected: [Float]) throws -> Float {
    try #require(actual.count == expected.count && !expected.isEmpty)
    return zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
