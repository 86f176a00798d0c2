import Checkpoints
import Foundation

/// InternVL3 of 1, 2 and 8 billion parameters: InternViT-300M and a Qwen2.5.
extension SyntheticModel {
    private static let contextToken = 151_667

    static let internVLTokenizer = SyntheticTokenizer(added: [
        (151_665, "<img>"), (151_666, "</img>"), (contextToken, "<IMG_CONTEXT>"), (151_668, "<|im_start|>"),
        (151_669, "<|im_end|>"),
    ])

    var internVLConfig: [String: Any] {
        var text: [String: Any] = [
            "model_type": "qwen2", "vocab_size": 151_674, "max_position_embeddings": 32_768, "rms_norm_eps": 1e-6,
            "rope_theta": 1e6, "rope_scaling": ["factor": 2.0, "rope_type": "dynamic", "type": "dynamic"],
            "tie_word_embeddings": false,
        ]
        let sizes: [String: Any] =
            switch self {
            case .internVL8B:
                [
                    "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
                    "intermediate_size": 18_944,
                ]
            case .internVL2B:
                [
                    "hidden_size": 1536, "num_hidden_layers": 28, "num_attention_heads": 12, "num_key_value_heads": 2,
                    "intermediate_size": 8960,
                ]
            default:
                [
                    "hidden_size": 896, "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
                    "intermediate_size": 4864,
                ]
            }
        text.merge(sizes) { $1 }
        let vision: [String: Any] = [
            "model_type": "internvl_vision", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
            "intermediate_size": 4096, "image_size": [448, 448], "patch_size": [14, 14], "attention_bias": true,
            "norm_type": "layer_norm", "use_qk_norm": false, "use_mean_pooling": true, "layer_norm_eps": 1e-6,
        ]
        return [
            "model_type": "internvl", "image_token_id": Self.contextToken, "text_config": text,
            "vision_config": vision, "downsample_ratio": 0.5, "vision_feature_layer": -1,
            "vision_feature_select_strategy": "default", "projector_hidden_act": "gelu",
        ]
    }

    static var internVLPreprocessor: [String: Any] {
        [
            "image_processor_type": "GotOcr2ImageProcessor", "min_patches": 1, "max_patches": 12,
            "size": ["height": 448, "width": 448],
            "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
        ]
    }

    /// The tower's tensors, and the projector's layer norm.
    static func internVLShapes(_ config: VisionLanguageConfig) -> [String: [Int]] {
        let vision = config.vision
        let (side, inner, tower) = (vision.hiddenSize, vision.intermediateSize, "vision_tower.")
        var shapes: [String: [Int]] = [
            "multi_modal_projector.layer_norm.weight": [config.featureWidth],
            "multi_modal_projector.layer_norm.bias": [config.featureWidth],
            tower + "embeddings.cls_token": [1, 1, side],
            tower + "embeddings.position_embeddings": [1, vision.tokenCount + 1, side],
            tower + "embeddings.patch_embeddings.projection.weight": [side, 3, vision.patchSize, vision.patchSize],
            tower + "embeddings.patch_embeddings.projection.bias": [side],
        ]
        for layer in 0..<vision.layerCount {
            let name = tower + "encoder.layer.\(layer)."
            for (matrix, rows, columns) in [
                ("attention.q_proj", side, side), ("attention.k_proj", side, side), ("attention.v_proj", side, side),
                ("attention.projection_layer", side, side), ("mlp.fc1", inner, side), ("mlp.fc2", side, inner),
            ] {
                shapes[name + matrix + ".weight"] = [rows, columns]
                shapes[name + matrix + ".bias"] = [rows]
            }
            for norm in ["layernorm_before", "layernorm_after"] {
                shapes[name + norm + ".weight"] = [side]
                shapes[name + norm + ".bias"] = [side]
            }
            for scale in ["lambda_1", "lambda_2"] { shapes[name + scale] = [side] }
        }
        return shapes
    }
}
