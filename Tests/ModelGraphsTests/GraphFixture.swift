import Checkpoints
import ElementTypes
import Foundation
import ModelGraphs
import Testing

/// A reference case written by `tools/fixtures/graphs.py`: a tiny random model, inputs, and what Transformers makes of
/// them in float32.
struct GraphFixture {
    struct Tensor: Decodable {
        var name: String
        var type: String
        var shape: [Int]
        var offset: Int
        var size: Int
    }

    struct Model: Decodable {
        var kind: String
        var imageSize: Int?
        var patchSize: Int?
        var hiddenSize: Int?
        var intermediateSize: Int?
        var layers: Int?
        var heads: Int?
        var activation: String?
        var feature: Int?
        var selection: String?
        var inputSize: Int?
        var outputSize: Int?
        var vocabularySize: Int?
        var keyValueHeads: Int?
        var headSize: Int?
        var epsilon: Double?
        var theta: Double?
        var tied: Bool?
        var biases: [String]?
        var scaling: [Double]?
    }

    private struct Case: Decodable {
        var schema: Int
        var versions: [String: String]
        var model: Model
        var weights: [Tensor]
        var inputs: [Tensor]
        var outputs: [Tensor]
    }

    let model: Model
    let weights: WeightTable
    private let bytes: [UInt8]
    private let inputs: [String: Tensor]
    private let outputs: [String: Tensor]

    init(_ name: String) throws {
        func file(_ kind: String) throws -> Data {
            let url = Bundle.module.url(forResource: name, withExtension: kind, subdirectory: "Fixtures")
            return try Data(contentsOf: try #require(url, "no fixture \(name).\(kind)"))
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let description = try decoder.decode(Case.self, from: file("json"))
        try #require(description.schema == 1 && description.versions["transformers"] == "4.57.6")
        model = description.model
        bytes = Array(try file("bin"))
        inputs = Dictionary(uniqueKeysWithValues: description.inputs.map { ($0.name, $0) })
        outputs = Dictionary(uniqueKeysWithValues: description.outputs.map { ($0.name, $0) })
        weights = WeightTable(
            try description.weights.map { tensor in
                try WeightTensor(
                    name: tensor.name, elementType: try #require(ElementType(rawValue: tensor.type)),
                    shape: GraphShape(tensor.shape), byteOffset: tensor.offset, byteCount: tensor.size)
            })
    }

    var outputNames: [String] { outputs.keys.sorted() }

    /// Where the graph's own constants may begin.
    var constantsOffset: Int { (weights.endOffset + 63) / 64 * 64 }

    /// The checkpoint's bytes with the graph's constants behind them.
    func buffer(for graph: EmittedGraph) -> [UInt8] {
        let weightBytes = bytes.prefix(weights.endOffset)
        return weightBytes + [UInt8](repeating: 0, count: graph.constantsOffset - weightBytes.count) + graph.constants
    }

    func input<Element: BitwiseCopyable>(_ name: String, _ type: Element.Type) throws -> (
        values: [Element], shape: [Int]
    ) {
        try values(of: try #require(inputs[name], "no input \(name)"))
    }

    func output(_ name: String) throws -> (values: [Float], shape: [Int]) {
        try values(of: try #require(outputs[name], "no output \(name)"))
    }

    private func values<Element: BitwiseCopyable>(of tensor: Tensor) throws -> (values: [Element], shape: [Int]) {
        let count = tensor.shape.reduce(1, *)
        try #require(tensor.size == count * MemoryLayout<Element>.size)
        let values = bytes[tensor.offset..<tensor.offset + tensor.size].withUnsafeBytes { raw in
            (0..<count).map { raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self) }
        }
        return (values, tensor.shape)
    }
}

extension GraphFixture {
    /// Like `#require`, which cannot be told apart from its warning forms where an optional parameter is expected.
    private func known<Value>(_ value: Value?) throws -> Value {
        return try #require(value)
    }

    func decoderShape() throws -> DecoderShape {
        let biases = try known(model.biases)
        let scaling = try known(model.scaling)
        var rotary = RotaryEmbedding(theta: try known(model.theta))
        if scaling.count == 4 {
            rotary.scaling = .llama3(
                factor: scaling[0], lowFrequencyFactor: scaling[1], highFrequencyFactor: scaling[2],
                originalContext: Int(scaling[3]))
        }
        return DecoderShape(
            vocabularySize: try known(model.vocabularySize), hiddenSize: try known(model.hiddenSize),
            intermediateSize: try known(model.intermediateSize), layerCount: try known(model.layers),
            headCount: try known(model.heads), keyValueHeadCount: try known(model.keyValueHeads),
            headSize: try known(model.headSize), rmsNormEpsilon: try known(model.epsilon), rotary: rotary,
            tiesHeadToEmbeddings: try known(model.tied),
            biases: .init(
                queryKeyValue: biases.contains("query_key_value"),
                attentionOutput: biases.contains("attention_output"), feedForward: biases.contains("feed_forward")))
    }

    func visionShape() throws -> VisionTowerShape {
        VisionTowerShape(
            imageSize: try known(model.imageSize), patchSize: try known(model.patchSize),
            hiddenSize: try known(model.hiddenSize), intermediateSize: try known(model.intermediateSize),
            layerCount: try known(model.layers), headCount: try known(model.heads),
            activation: try known(Activation(transformersName: try known(model.activation))))
    }

    func visionOutputs() throws -> VisionOutputs {
        let layers = 0..<(try known(model.layers))
        return VisionOutputs(
            featureLayers: [try known(model.feature)],
            selection: try known(VisionOutputs.Selection(rawValue: try known(model.selection))),
            taps: layers.flatMap { layer -> [LayerTap] in
                [.clsSummed(layer: layer), .clsPerHead(layer: layer), .clsMerged(layer: layer), .keys(layer: layer)]
            })
    }

    func decoder() throws -> EmittedGraph {
        try DecoderGraph.emit(
            try decoderShape(), weights: weights, prefix: "language_model.model.",
            head: "language_model.lm_head.weight",
            constantsOffset: constantsOffset)
    }
}
