import Foundation

/// The vision tower's `vision_config` (CLIP). Absent keys take the defaults of Transformers 4.57.6.
public struct VisionConfig: Sendable, Equatable {
    public enum Activation: String, Sendable, CaseIterable {
        case quickGELU = "quick_gelu"
        case gelu
    }

    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var imageSize: Int
    public var patchSize: Int
    public var layerNormEpsilon: Double
    public var activation: Activation

    /// Tokens along one side of a view.
    public var tokensPerSide: Int { imageSize / patchSize }

    init(_ json: JSONObject?, path: String) throws(CheckpointError) {
        let empty = try JSONObject(Data("{}".utf8), path: path)
        // Without a vision_config LLaVA's own defaults hold (CLIP-L/14-336); within one, CLIPVisionConfig's.
        let own = json == nil
        let json = json ?? empty
        let name = try json.string("model_type") ?? "clip_vision_model"
        guard name == "clip_vision_model" else {
            throw .unsupported(path: path, found: "a vision tower of type '\(name)'", supported: "clip_vision_model")
        }
        let size = 1...(1 << 16)
        hiddenSize = try json.integer("hidden_size", in: size) ?? (own ? 1024 : 768)
        intermediateSize = try json.integer("intermediate_size", in: size) ?? (own ? 4096 : 3072)
        layerCount = try json.integer("num_hidden_layers", in: 1...1024) ?? (own ? 24 : 12)
        headCount = try json.integer("num_attention_heads", in: 1...1024) ?? (own ? 16 : 12)
        imageSize = try json.integer("image_size", in: 1...8192) ?? (own ? 336 : 224)
        patchSize = try json.integer("patch_size", in: 1...1024) ?? (own ? 14 : 32)
        layerNormEpsilon = try json.number("layer_norm_eps") ?? 1e-5
        let act = try json.string("hidden_act") ?? "quick_gelu"
        guard let activation = Activation(rawValue: act) else {
            throw .unsupported(
                path: path, found: "the activation '\(act)' in vision_config",
                supported: Activation.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.activation = activation
        guard hiddenSize % headCount == 0, imageSize % patchSize == 0, layerNormEpsilon > 0 else {
            throw .malformed(
                path: path,
                reason: "vision_config must divide: \(hiddenSize) by \(headCount) heads, \(imageSize) by \(patchSize)")
        }
        if let channels = try json.integer("num_channels", in: 1...64), channels != 3 {
            throw .unsupported(path: path, found: "\(channels) colour channels", supported: "3")
        }
    }
}
