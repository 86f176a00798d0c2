/// The names under which a family of checkpoints keeps its tensors.
public struct TensorLayout: Sendable, Equatable {
    public let name: String
    /// Before `embed_tokens`, `layers.N`, `norm`.
    let decoder: String
    let head: String
    /// Before `embeddings`, `pre_layrnorm`, `encoder`.
    let vision: String
    let projectorFirst: String
    let projectorSecond: String
    public let newline: String

    var embedding: String { decoder + "embed_tokens.weight" }

    /// llava-hf checkpoints up to Transformers 4.51.
    static let huggingFace = TensorLayout(
        name: "Hugging Face", decoder: "language_model.model.", head: "language_model.lm_head.weight",
        vision: "vision_tower.vision_model.", projectorFirst: "multi_modal_projector.linear_1",
        projectorSecond: "multi_modal_projector.linear_2", newline: "image_newline")

    /// llava-hf checkpoints as later versions name them.
    static let huggingFace2025 = TensorLayout(
        name: "Hugging Face (2025)", decoder: "model.language_model.", head: "lm_head.weight",
        vision: "model.vision_tower.vision_model.", projectorFirst: "model.multi_modal_projector.linear_1",
        projectorSecond: "model.multi_modal_projector.linear_2", newline: "model.image_newline")

    static let all = [huggingFace, huggingFace2025]
}
