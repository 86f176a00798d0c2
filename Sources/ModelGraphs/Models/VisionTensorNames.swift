import Checkpoints

/// What a tower's tensors are called, behind the tower's prefix.
struct VisionTensorNames {
    let classToken: String
    let classTokenShape: GraphShape
    let positions: String
    let positionsShape: GraphShape
    let patchKernel: String
    /// Nil where the patches' convolution has no bias.
    let patchBias: String?
    /// Before the number of a layer.
    let layers: String
    let query, key, value, output: String
    let attentionNorm, feedForwardNorm: String

    init(_ shape: VisionTowerShape) {
        let (width, rows) = (shape.hiddenSize, shape.patchCount + 1)
        switch shape.architecture {
        case .clip:
            (classToken, classTokenShape) = (Self.clipClassToken, [width])
            (positions, positionsShape) = ("embeddings.position_embedding.weight", [rows, width])
            (patchKernel, patchBias) = ("embeddings.patch_embedding.weight", nil)
            layers = "encoder.layers."
            (query, key, value) = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
            output = "self_attn.out_proj"
            (attentionNorm, feedForwardNorm) = ("layer_norm1", "layer_norm2")
        case .internVL:
            (classToken, classTokenShape) = (Self.internVLClassToken, [1, 1, width])
            (positions, positionsShape) = ("embeddings.position_embeddings", [1, rows, width])
            patchKernel = "embeddings.patch_embeddings.projection.weight"
            patchBias = "embeddings.patch_embeddings.projection.bias"
            layers = "encoder.layer."
            (query, key, value) = ("attention.q_proj", "attention.k_proj", "attention.v_proj")
            output = "attention.projection_layer"
            (attentionNorm, feedForwardNorm) = ("layernorm_before", "layernorm_after")
        }
    }

    static let clipClassToken = "embeddings.class_embedding"
    static let internVLClassToken = "embeddings.cls_token"
}
