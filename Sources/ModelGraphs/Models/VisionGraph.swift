import Checkpoints
import ElementTypes
import OpenVINO

/// The vision transformer: u8 pixels [pictures, T, T, 3] in, features and attention taps out.
///
/// Source: Transformers 4.57.6, `models/clip/modeling_clip.py` (`CLIPVisionTransformer` up to the feature layer; the
/// post layer norm never runs because features are taken before it), and `models/internvl/modeling_internvl.py`
/// (`InternVLVisionModel`).
public enum VisionGraph {
    /// - Parameters:
    ///   - prefix: what stands before the tower's names, such as `vision_tower.vision_model.`.
    ///   - constantsOffset: see ``EmittedGraph``.
    /// - Throws: ``GraphError`` for a configuration out of range, a missing tensor or one of the wrong shape.
    public static func emit(
        _ shape: VisionTowerShape, normalization: PixelNormalization, outputs: VisionOutputs, weights: WeightTable,
        prefix: String, constantsOffset: Int
    ) throws -> EmittedGraph {
        try shape.validate()
        try normalization.validate()
        try outputs.validate(layerCount: shape.layerCount)
        let graph = GraphBuilder(name: "vision")
        let emitter = VisionEmitter(graph: graph, shape: shape, weights: weights, prefix: prefix)
        let pixels = try graph.parameter(
            PortName.pixels, .u8, [GraphShape.dynamic, shape.imageSize, shape.imageSize, shape.channelCount])
        let embedded = try emitter.embed(pixels, normalization)
        try emitter.run(from: embedded, outputs)
        return try graph.emit(constantsOffset: constantsOffset)
    }
}

/// Writes the tower's parts into one graph.
struct VisionEmitter {
    let graph: GraphBuilder
    let shape: VisionTowerShape
    let weights: WeightTable
    let prefix: String

    var names: VisionTensorNames { VisionTensorNames(shape) }

    /// Pixels to the first layer's input [pictures, 1 + patches, C].
    func embed(_ pixels: GraphValue, _ normalization: PixelNormalization) throws -> GraphValue {
        let width = shape.hiddenSize
        let normalized = try graph.scope("normalize") {
            try normalize(pixels, normalization)
        }
        let patches = try graph.scope("patches") {
            let kernel = try weights.floatTensor(
                prefix + names.patchKernel,
                shape: [width, shape.channelCount, shape.patchSize, shape.patchSize])
            let planes = try graph.transpose(normalized, [0, 3, 1, 2])
            var grid = try graph.convolution(planes, try graph.floatWeight(kernel), stride: shape.patchSize)
            if let name = names.patchBias {
                let bias = try weights.floatTensor(prefix + name, shape: [width])
                grid = try graph.add(grid, try graph.floatWeight(bias, shape: [1, width, 1, 1]))
            }
            return try graph.transpose(try graph.reshape(grid, [0, 0, shape.patchCount]), [0, 2, 1])
        }
        return try graph.scope("embeddings") {
            let token = try graph.floatWeight(
                try weights.floatTensor(prefix + names.classToken, shape: names.classTokenShape), shape: [1, 1, width])
            let tokens = try graph.broadcast(token, to: [.dimension(of: pixels, axis: 0), .fixed(1), .fixed(width)])
            let positions = try graph.floatWeight(
                try weights.floatTensor(prefix + names.positions, shape: names.positionsShape),
                shape: [1, shape.patchCount + 1, width])
            let sequence = try graph.add(try graph.concat([tokens, patches], axis: 1), positions)
            guard shape.architecture == .clip else { return sequence }
            // The misspelling is the checkpoints' own.
            return try graph.layerNorm(
                sequence, prefix + "pre_layrnorm", epsilon: shape.layerNormEpsilon, in: weights)
        }
    }

    private func normalize(_ pixels: GraphValue, _ normalization: PixelNormalization) throws -> GraphValue {
        let channels: GraphShape = [1, 1, 1, 3]
        let scaled = try graph.multiply(
            try graph.convert(pixels, to: .f32), try graph.constant(Float(normalization.rescaleFactor)))
        let centred = try graph.subtract(
            scaled, try graph.constant(normalization.mean.map(Float.init), shape: channels))
        return try graph.divide(
            centred, try graph.constant(normalization.standardDeviation.map(Float.init), shape: channels))
    }

    /// The layers that `outputs` needs, and the outputs.
    func run(from embedded: GraphValue, _ outputs: VisionOutputs) throws {
        var hidden = embedded
        var features: [Int: GraphValue] = [:]
        let deepestTap = outputs.taps.filter(\.isOfAttention).map(\.layer).max() ?? -1
        // A tap at layer l needs what comes before it and its own q and k; a feature index k needs layers 0 ..< k.
        let needed = outputs.featureLayers + outputs.taps.filter { !$0.isOfAttention }.map { $0.layer + 1 }
        let lastFeature = needed.max() ?? 0
        for layer in 0..<max(deepestTap + 1, lastFeature) {
            if outputs.featureLayers.contains(layer) { features[layer] = hidden }
            let taps = outputs.taps.filter { $0.layer == layer }
            let continues = layer < max(deepestTap, lastFeature)
            try graph.scope("layers.\(layer)") {
                hidden = try self.layer(layer, hidden, taps: taps.filter(\.isOfAttention), continues: continues)
                for tap in taps where !tap.isOfAttention { try writePatches(of: hidden, tap.outputName) }
            }
        }
        if features[lastFeature] == nil { features[lastFeature] = hidden }
        try writeFeatures(outputs.featureLayers.compactMap { features[$0] }, selection: outputs.selection)
    }

    private func writeFeatures(_ layers: [GraphValue], selection: VisionOutputs.Selection) throws {
        guard !layers.isEmpty else { return }
        try graph.scope("features") {
            let joined = try finalNorm(layers.count == 1 ? layers[0] : try graph.concat(layers, axis: -1))
            let selected =
                switch selection {
                case .all: joined
                case .patches: try tokens(ofPatches: try graph.slice(joined, axis: 1, from: 1, to: nil))
                }
            try graph.result(selected, PortName.features)
        }
    }

    /// What stands between the last layer and the projector.
    private func finalNorm(_ features: GraphValue) throws -> GraphValue {
        guard case .internVL(let blocks) = shape.architecture, blocks.hasFinalNorm else { return features }
        return try graph.layerNorm(features, prefix + "layernorm", epsilon: shape.layerNormEpsilon, in: weights)
    }
}
