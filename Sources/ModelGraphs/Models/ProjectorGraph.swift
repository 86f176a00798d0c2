public import Checkpoints
import ElementTypes
import OpenVINO

/// The sizes of the projector between vision tower and decoder.
public struct ProjectorShape: Sendable, Hashable {
    /// Width of the vision features (of all feature layers together).
    public var inputSize: Int
    /// Width of the decoder, also of the layer between.
    public var outputSize: Int
    public var activation: Activation
    public var hasBias: Bool

    public init(inputSize: Int, outputSize: Int, activation: Activation = .gelu, hasBias: Bool = true) {
        self.inputSize = inputSize
        self.outputSize = outputSize
        self.activation = activation
        self.hasBias = hasBias
    }
}

/// Two linear layers with an activation between, behind a layer norm where the model has one: f32 [tokens, inputSize] →
/// f32 [tokens, outputSize].
///
/// Source: Transformers 4.57.6, `LlavaNextMultiModalProjector`, `InternVLMultiModalProjector`.
public enum ProjectorGraph {
    /// PyTorch's own, which the projector's layer norm keeps.
    private static let normEpsilon = 1e-5

    /// - Parameters:
    ///   - norm: the layer norm's name without `.weight`; nil for none.
    ///   - first: the first layer's name without `.weight`, such as `multi_modal_projector.linear_1`.
    ///   - second: the second layer's.
    /// - Throws: ``GraphError`` for a configuration out of range, a missing tensor or one of the wrong shape.
    public static func emit(
        _ shape: ProjectorShape, weights: WeightTable, norm: String? = nil, first: String, second: String,
        constantsOffset: Int
    ) throws -> EmittedGraph {
        try ShapeLimits.check("vision_config.hidden_size", shape.inputSize, in: ShapeLimits.widths)
        try ShapeLimits.check("text_config.hidden_size", shape.outputSize, in: ShapeLimits.widths)
        let graph = GraphBuilder(name: "projector")
        let inner = try LinearLayer(
            first, inputs: shape.inputSize, outputs: shape.outputSize, bias: shape.hasBias, in: weights)
        let outer = try LinearLayer(
            second, inputs: shape.outputSize, outputs: shape.outputSize, bias: shape.hasBias, in: weights)
        let features = try graph.parameter(PortName.features, .f32, [GraphShape.dynamic, shape.inputSize])
        let normalized =
            try norm.map { try graph.layerNorm(features, $0, epsilon: Self.normEpsilon, in: weights) } ?? features
        let active = try graph.activation(try graph.linear(normalized, inner), shape.activation)
        try graph.result(try graph.linear(active, outer), PortName.imageEmbeddings)
        return try graph.emit(constantsOffset: constantsOffset)
    }
}
