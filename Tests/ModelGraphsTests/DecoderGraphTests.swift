import Checkpoints
import ElementTypes
import Failures
import Testing

@testable import ModelGraphs

@Suite struct DecoderGraphTests {
    private static let base = DecoderShape(
        vocabularySize: 11, hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 4)

    private func emit(_ shape: DecoderShape, without missing: String? = nil) throws -> ParsedIR {
        let table = try SyntheticWeights.table(SyntheticWeights.decoder(shape).filter { $0.0 != missing })
        let graph = try DecoderGraph.emit(
            shape, weights: table, prefix: "m.", head: "head.weight", constantsOffset: 1 << 20)
        return try #require(ParsedIR(graph.xml))
    }

    @Test func portsAreTheContract() throws {
        let parsed = try emit(Self.base)
        let parameters = parsed.layers(ofType: "Parameter")
        #expect(parameters.map(\.name) == ["inputs_embeds", "attention_mask", "position_ids", "beam_idx"])
        #expect(parameters.map(\.tensorNames) == parameters.map { [$0.name] })
        #expect(parameters.map { $0.data["element_type"] } == ["f32", "i64", "i64", "i32"])
        #expect(parameters.map { $0.data["shape"] } == ["?,?,16", "?,?", "?,?", "?"])
        let result = try #require(parsed.layers(ofType: "Result").first)
        #expect(result.name == "logits" && result.inputs == [0: [-1, -1, 11]])
        #expect(parsed.source(of: result, port: 0)?.tensorNames == ["logits"])
    }

    /// In place of logits, and of the last token alone.
    @Test func attentionIsAnOutputWhereItIsAskedFor() throws {
        let table = try SyntheticWeights.table(SyntheticWeights.decoder(Self.base))
        let graph = try DecoderGraph.emit(
            Self.base, weights: table, prefix: "m.", head: "head.weight", outputsAttention: true,
            constantsOffset: 1 << 20)
        let parsed = try #require(ParsedIR(graph.xml))
        #expect(parsed.layers(ofType: "Result").map(\.name) == ["attention.0", "attention.1"])
        #expect(parsed.layers(ofType: "SoftMax").count == 2)
    }

    @Test(arguments: [1, 2, 4])
    func stateFollowsThePagedAttentionPattern(keyValueHeads: Int) throws {
        var shape = Self.base
        shape.keyValueHeadCount = keyValueHeads
        let parsed = try emit(shape)
        let variables = (0..<2).flatMap { layer in
            ["key", "value"].map { "past_key_values.\(layer).\($0)present.\(layer).\($0)" }
        }
        #expect(parsed.layers(ofType: "ReadValue").map { $0.data["variable_id"] } == variables)
        #expect(parsed.layers(ofType: "Assign").map { $0.data["variable_id"] } == variables)
        let attentions = parsed.layers(ofType: "ScaledDotProductAttention")
        #expect(attentions.count == 2)
        for attention in attentions {
            #expect(attention.inputs.count == 4 && attention.data["causal"] == "false")
            for port in 1...2 {
                var types: [String] = []
                var layer = try #require(parsed.source(of: attention, port: port))
                while layer.type != "ReadValue" {
                    types.append(layer.type)
                    layer = try #require(parsed.source(of: layer, port: 0))
                }
                #expect(
                    types == (keyValueHeads < 4 ? ["Reshape", "Broadcast", "Unsqueeze"] : []) + ["Concat", "Gather"])
                #expect(layer.data["variable_shape"] == "?,\(keyValueHeads),?,4")
            }
            #expect(attention.outputs == [4: [-1, 4, -1, 4]])
        }
    }

    @Test func biasesAndTiedHeadsReadTheirTensors() throws {
        var shape = Self.base
        let plain = try emit(shape).layers(ofType: "Add").count
        shape.biases = .qwen2
        #expect(try emit(shape).layers(ofType: "Add").count == plain + 2 * 3)
        shape.biases = .init(queryKeyValue: true, attentionOutput: true, feedForward: true)
        #expect(try emit(shape).layers(ofType: "Add").count == plain + 2 * 7)
        shape.tiesHeadToEmbeddings = true
        #expect(try emit(shape).layers.contains { $0.name.contains("m.embed_tokens.weight") })
        #expect(try !emit(Self.base).layers.contains { $0.name.contains("m.embed_tokens.weight") })
    }

    @Test(arguments: [
        "m.norm.weight", "head.weight", "m.layers.1.self_attn.k_proj.weight", "m.layers.0.input_layernorm.weight",
        "m.layers.1.mlp.down_proj.weight",
    ])
    func missingTensorsAreNamed(name: String) {
        #expect(throws: GraphError.missingTensor(name: name)) { try emit(Self.base, without: name) }
    }

    @Test func wrongShapesAreNamed() throws {
        let table = try SyntheticWeights.table(SyntheticWeights.decoder(Self.base))
        var shape = Self.base
        shape.keyValueHeadCount = 2
        let expected = GraphError.tensorShape(
            name: "m.layers.0.self_attn.k_proj.weight", expected: [8, 16], found: [16, 16])
        #expect(throws: expected) {
            try DecoderGraph.emit(shape, weights: table, prefix: "m.", head: "head.weight", constantsOffset: 1 << 20)
        }
    }

    @Test func impossibleConfigurationsAreRefused() {
        let broken: [(inout DecoderShape) -> Void] = [
            { $0.headCount = 0 }, { $0.headSize = 3 }, { $0.keyValueHeadCount = 3 }, { $0.layerCount = -1 },
            { $0.layerCount = .max }, { $0.vocabularySize = 0 }, { $0.rmsNormEpsilon = .nan }, { $0.rotary.theta = 0 },
            { $0.rotary.scaling = .linear(factor: 0) }, { $0.intermediateSize = .max }, { $0.keyValueHeadCount = 8 },
            {
                $0.rotary.scaling = .llama3(
                    factor: 8, lowFrequencyFactor: 4, highFrequencyFactor: 1, originalContext: 8192)
            },
        ]
        for breakIt in broken {
            var shape = Self.base
            breakIt(&shape)
            #expect(throws: GraphError.self) { try shape.validate() }
        }
        #expect(throws: Never.self) { try Self.base.validate() }
    }

    /// Each is one operation of the runtime.
    @Test(arguments: [
        (Activation.silu, "Swish"), (.quickGELU, "Swish"), (.gelu, "Gelu"), (.geluTanh, "Gelu"), (.relu, "ReLU"),
    ])
    func activationsAreOneOperation(_ activation: Activation, _ type: String) throws {
        let builder = GraphBuilder(name: "test")
        let value = try builder.parameter("x", .f32, [2, 3])
        let active = try builder.activation(value, activation)
        #expect(active.shape == [2, 3] && active.elementType == .f32)
        try builder.result(active, "y")
        let parsed = try #require(ParsedIR(try builder.emit(constantsOffset: 0).xml))
        #expect(parsed.layers.contains { $0.type == type })
    }
}
