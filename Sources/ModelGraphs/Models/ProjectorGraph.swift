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

/// Two linear layers with an activation between: f32 [tokens, inputSize] → f32 [tokens, outputSize].
///
/// Source: Transformers 4.57.6, `LlavaNextMultiModalProjector`.
public enum ProjectorGraph {
    /// - Parameters:
    ///   - first: the first layer's name without `.weight`, such as `multi_modal_projector.linear_1`.
    ///   - second: the second layer's.
    /// - Throws: ``GraphError`` for a configuration out of range, a missing tensor or one of the wrong shape.
    public static func emit(
        _ shape: ProjectorShape, weights: WeightTable, first: String, second: String, constantsOffset: Int
    ) throws -> EmittedGraph {
        try ShapeLimits.check("vision_config.hidden_size", shape.inputSize, in: ShapeLimits.widths)
        try ShapeLimits.check("text_config.hidden_size", shape.outputSize, in: ShapeLimits.widths)
        let graph = GraphBuilder(name: "projector")
        let inner = try LinearLayer(
            first, inputs: shape.inputSize, outputs: shape.outputSize, bias: shape.hasBias, in: weights)
        let outer = try LinearLayer(
            second, inputs: shape.outputSize, outputs: shape.outputSize, bias: shape.hasBias, in: weights)
        let features = try graph.parameter(PortName.features, .f32, [GraphShape.dynamic, shape.inputSize])
        let active = try graph.activation(try graph.linear(features, inner), shape.activation)
        try graph.result(try graph.linear(active, outer), PortName.imageEmbeddings)
        return try graph.emit(constantsOffset: constantsOffset)
    }
}
