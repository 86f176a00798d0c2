public import Checkpoints
public import Foundation
import ModelGraphs

/// A published model's shapes with random weights: speed and memory depend on nothing else.
public enum SyntheticModel: String, Sendable, CaseIterable {
    case vicuna7B = "llava-v1.6-vicuna-7b"
    case mistral7B = "llava-v1.6-mistral-7b"
    case vicuna13B = "llava-v1.6-vicuna-13b"
    case llava7B = "llava-1.5-7b"
    case internVL1B = "internvl3-1b"
    case internVL2B = "internvl3-2b"
    case internVL8B = "internvl3-8b"

    /// What the importer is told instead of a checkpoint's layout.
    public static let layoutName = "synthetic"

    private static let vocabularySize = 32_064
    private static let imageToken = 32_000

    /// A checkpoint without weight files: its small files are written to `folder`, its weights made up when read.
    ///
    /// - Parameter seed: the same seed gives the same weights.
    /// - Throws: `CheckpointError`, and what writing the files throws.
    public func checkpoint(in folder: URL, seed: UInt64) throws -> CheckpointFolder {
        let tokenizer =
            isInternVL
            ? Self.internVLTokenizer : SyntheticTokenizer(added: [(Self.imageToken, "<image>")])
        let files = [
            "config.json": try JSONSerialization.data(withJSONObject: isInternVL ? internVLConfig : config),
            "preprocessor_config.json": try JSONSerialization.data(
                withJSONObject: isInternVL ? Self.internVLPreprocessor : preprocessor),
            "generation_config.json": Data(#"{"eos_token_id": 2, "bos_token_id": 1}"#.utf8),
            "tokenizer_config.json": Data(#"{"bos_token": "<s>", "eos_token": "</s>"}"#.utf8),
            "tokenizer.json": try tokenizer.json(),
        ]
        for (name, data) in files { try data.write(to: folder.appending(path: name)) }
        let description = try ModelDescription(contentsOf: folder)
        let weights = RandomWeights(shapes: Self.shapes(description.config), seed: seed)
        return CheckpointFolder(description: description, weights: weights, towerWeights: nil)
    }

    private var isNext: Bool { self != .llava7B }
    private var isInternVL: Bool { [.internVL1B, .internVL2B, .internVL8B].contains(self) }

    private var config: [String: Any] {
        var text: [String: Any] = [
            "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
            "num_key_value_heads": 32, "intermediate_size": 11_008, "vocab_size": Self.vocabularySize,
            "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 1e4,
        ]
        switch self {
        case .vicuna7B, .llava7B, .internVL1B, .internVL2B, .internVL8B: break
        case .vicuna13B:
            text.merge([
                "hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 40, "num_key_value_heads": 40,
                "intermediate_size": 13_824,
            ]) { $1 }
        case .mistral7B:
            text.merge([
                "model_type": "mistral", "num_key_value_heads": 8, "intermediate_size": 14_336,
                "max_position_embeddings": 32_768, "rope_theta": 1e6, "sliding_window": NSNull(),
            ]) { $1 }
        }
        return [
            "model_type": isNext ? "llava_next" : "llava", "image_token_index": Self.imageToken, "text_config": text,
            "vision_feature_layer": -2, "vision_feature_select_strategy": "default", "tie_word_embeddings": false,
        ]
    }

    private var preprocessor: [String: Any] {
        [
            "image_processor_type": isNext ? "LlavaNextImageProcessor" : "CLIPImageProcessor",
            "size": ["shortest_edge": 336], "crop_size": ["height": 336, "width": 336],
        ]
    }

    /// Every tensor, under the names that Transformers 4.57 saves.
    private static func shapes(_ config: VisionLanguageConfig) -> [String: [Int]] {
        let (text, vision) = (config.text, config.vision)
        let (width, keyWidth) = (text.hiddenSize, text.keyValueHeadCount * text.headSize)
        var shapes: [String: [Int]] = [
            "language_model.model.embed_tokens.weight": [text.vocabularySize, width],
            "language_model.model.norm.weight": [width],
            "language_model.lm_head.weight": [text.vocabularySize, width],
            "multi_modal_projector.linear_1.weight": [width, config.featureWidth],
            "multi_modal_projector.linear_1.bias": [width],
            "multi_modal_projector.linear_2.weight": [width, width],
            "multi_modal_projector.linear_2.bias": [width],
        ]
        if config.family == .llavaNext { shapes["image_newline"] = [width] }
        for layer in 0..<text.layerCount {
            let name = "language_model.model.layers.\(layer)."
            shapes[name + "input_layernorm.weight"] = [width]
            shapes[name + "post_attention_layernorm.weight"] = [width]
            for (matrix, rows, columns) in [
                ("self_attn.q_proj", text.headCount * text.headSize, width), ("self_attn.k_proj", keyWidth, width),
                ("self_attn.v_proj", keyWidth, width), ("self_attn.o_proj", width, text.headCount * text.headSize),
                ("mlp.gate_proj", text.intermediateSize, width), ("mlp.up_proj", text.intermediateSize, width),
                ("mlp.down_proj", width, text.intermediateSize),
            ] { shapes[name + matrix + ".weight"] = [rows, columns] }
            if text.hasQueryKeyValueBias {
                shapes[name + "self_attn.q_proj.bias"] = [text.headCount * text.headSize]
                shapes[name + "self_attn.k_proj.bias"] = [keyWidth]
                shapes[name + "self_attn.v_proj.bias"] = [keyWidth]
            }
        }
        guard config.family != .internVL else { return shapes.merging(internVLShapes(config)) { $1 } }
        let tower = "vision_tower.vision_model."
        let (side, inner) = (vision.hiddenSize, vision.intermediateSize)
        shapes[tower + "embeddings.class_embedding"] = [side]
        shapes[tower + "embeddings.patch_embedding.weight"] = [side, 3, vision.patchSize, vision.patchSize]
        shapes[tower + "embeddings.position_embedding.weight"] = [vision.tokenCount + 1, side]
        var norms = ["pre_layrnorm"]
        for layer in 0..<vision.layerCount {
            let name = "encoder.layers.\(layer)."
            norms += [name + "layer_norm1", name + "layer_norm2"]
            for (matrix, rows, columns) in [
                ("self_attn.q_proj", side, side), ("self_attn.k_proj", side, side), ("self_attn.v_proj", side, side),
                ("self_attn.out_proj", side, side), ("mlp.fc1", inner, side), ("mlp.fc2", side, inner),
            ] {
                shapes[tower + name + matrix + ".weight"] = [rows, columns]
                shapes[tower + name + matrix + ".bias"] = [rows]
            }
        }
        for norm in norms {
            shapes[tower + norm + ".weight"] = [side]
            shapes[tower + norm + ".bias"] = [side]
        }
        return shapes
    }
}
