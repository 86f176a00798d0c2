public import ElementTypes
public import Foundation
import OrderedJSON

/// A resolved model written out as the files of a Hugging Face folder: what the original LLaVA layout lacks.
///
/// Every value is given, so that reading them back depends on no defaults.
extension VisionLanguageConfig {
    /// `config.json` in the Hugging Face layout.
    /// - Parameter imageToken: the placeholder's id, where the model's own vocabulary has none.
    public func huggingFaceFile(imageToken: Int) throws -> Data {
        var values: JSONObject = [
            "model_type": .string(family.rawValue),
            "architectures": .array([
                .string(
                    family == .llavaNext ? "LlavaNextForConditionalGeneration" : "LlavaForConditionalGeneration")
            ]),
            "image_token_index": .integer(imageTokenID ?? imageToken),
            "projector_hidden_act": .string(projectorActivation.rawValue),
            "multimodal_projector_bias": .bool(projectorHasBias),
            "vision_feature_layer": visionFeatureLayers.count == 1
                ? .integer(visionFeatureLayers[0]) : .array(visionFeatureLayers.map(JSONValue.integer)),
            "vision_feature_select_strategy": .string(featureSelection.rawValue),
            "tie_word_embeddings": .bool(tiesWordEmbeddings),
            "text_config": .object(text.huggingFaceValues),
            "vision_config": .object(vision.huggingFaceValues),
        ]
        if family == .llavaNext {
            values["image_grid_pinpoints"] = .array(
                pinpoints.map { .array([.integer($0.height), .integer($0.width)]) })
        }
        if !endTokenIDs.isEmpty { values["eos_token_id"] = .array(endTokenIDs.map(JSONValue.integer)) }
        return try JSONValue.object(values).fileData()
    }
}

extension TextModelConfig {
    var huggingFaceValues: JSONObject {
        var values: JSONObject = [
            "model_type": .string(family.rawValue),
            "hidden_size": .integer(hiddenSize),
            "num_hidden_layers": .integer(layerCount),
            "num_attention_heads": .integer(headCount),
            "num_key_value_heads": .integer(keyValueHeadCount),
            "head_dim": .integer(headSize),
            "intermediate_size": .integer(intermediateSize),
            "vocab_size": .integer(vocabularySize),
            "max_position_embeddings": .integer(maximumPositions),
            "rms_norm_eps": .number(rmsNormEpsilon),
            "rope_theta": .number(ropeTheta),
            "rope_scaling": ropeScaling.huggingFaceValue,
            "hidden_act": .string(activation.rawValue),
            "tie_word_embeddings": .bool(tiesWordEmbeddings),
            "bos_token_id": beginTokenID.map(JSONValue.integer) ?? .null,
            "eos_token_id": endTokenIDs.isEmpty ? .null : .array(endTokenIDs.map(JSONValue.integer)),
        ]
        switch family {
        case .llama:
            values["attention_bias"] = .bool(hasAttentionOutputBias)
            values["mlp_bias"] = .bool(hasFeedForwardBias)
        case .mistral:
            values["sliding_window"] = slidingWindow.map(JSONValue.integer) ?? .null
        case .qwen2, .qwen3:
            if family == .qwen3 { values["attention_bias"] = .bool(hasAttentionOutputBias) }
            values["use_sliding_window"] = .bool(slidingWindow != nil)
            if let slidingWindow {
                values["sliding_window"] = .integer(slidingWindow)
                values["max_window_layers"] = .integer(0)
            }
        }
        return values
    }
}

extension TextModelConfig {
    /// `config.json` of the language model alone, as a causal model of its family.
    /// - Parameters:
    ///   - elementType: of the weights.
    ///   - ends: ids that end an answer.
    public func huggingFaceFile(_ elementType: ElementType, ends: [Int]) throws -> Data {
        var values = huggingFaceValues
        let architecture =
            switch family {
            case .llama: "LlamaForCausalLM"
            case .mistral: "MistralForCausalLM"
            case .qwen2: "Qwen2ForCausalLM"
            case .qwen3: "Qwen3ForCausalLM"
            }
        let type =
            switch elementType {
            case .bf16: "bfloat16"
            case .f32: "float32"
            default: "float16"
            }
        values["architectures"] = .array([.string(architecture)])
        values["torch_dtype"] = .string(type)
        if !ends.isEmpty { values["eos_token_id"] = .array(ends.map(JSONValue.integer)) }
        return try JSONValue.object(values).fileData()
    }
}

extension RotaryScaling {
    fileprivate var huggingFaceValue: JSONValue {
        switch self {
        case .none: .null
        case .linear(let factor): .object(["rope_type": .string("linear"), "factor": .number(factor)])
        case .llama3(let factor, let low, let high, let original):
            .object([
                "rope_type": .string("llama3"), "factor": .number(factor), "low_freq_factor": .number(low),
                "high_freq_factor": .number(high), "original_max_position_embeddings": .integer(original),
            ])
        }
    }
}

extension VisionModelConfig {
    fileprivate var huggingFaceValues: JSONObject {
        [
            "model_type": .string("clip_vision_model"),
            "hidden_size": .integer(hiddenSize),
            "num_hidden_layers": .integer(layerCount),
            "num_attention_heads": .integer(headCount),
            "intermediate_size": .integer(intermediateSize),
            "image_size": .integer(imageSize),
            "patch_size": .integer(patchSize),
            "hidden_act": .string(activation.rawValue),
            "layer_norm_eps": .number(layerNormEpsilon),
        ]
    }
}

extension PreprocessorConfig {
    /// `preprocessor_config.json`.
    public func huggingFaceFile() throws -> Data {
        let target: JSONValue =
            switch size {
            case .shortestEdge(let edge): .object(["shortest_edge": .integer(edge)])
            case .exact(let height, let width): .object(["height": .integer(height), "width": .integer(width)])
            }
        var values: JSONObject = [
            "image_processor_type": .string(kind.rawValue + (isFast ? "Fast" : "")),
            "do_resize": .bool(resizes), "size": target, "resample": .integer(resampling.rawValue),
            "do_center_crop": .bool(centerCrops),
            "crop_size": .object(["height": .integer(cropHeight), "width": .integer(cropWidth)]),
            "do_rescale": .bool(rescales), "rescale_factor": .number(rescaleFactor),
            "do_normalize": .bool(normalizes), "image_mean": .array(mean.map(JSONValue.number)),
            "image_std": .array(standardDeviation.map(JSONValue.number)), "do_convert_rgb": .bool(convertsToRGB),
        ]
        if kind != .clip { values["do_pad"] = .bool(pads) }
        if kind == .llavaNext {
            values["image_grid_pinpoints"] = .array(
                pinpoints.map { .array([.integer($0.height), .integer($0.width)]) })
        }
        return try JSONValue.object(values).fileData()
    }
}

extension GenerationConfig {
    /// `generation_config.json`: as it was read, with the ids that `config.json` gave.
    public func huggingFaceFile() throws -> Data {
        var values = source
        values["_from_model_config"] = nil
        values["eos_token_id"] = endTokenIDs.isEmpty ? .null : .array(endTokenIDs.map(JSONValue.integer))
        values["bos_token_id"] = beginTokenID.map(JSONValue.integer) ?? .null
        return try JSONValue.object(values).fileData()
    }

    /// `generation_config.json` with the ids of begin and end alone: nothing in it changes how tokens are drawn, so that
    /// whoever serves the model adds nothing to what a request says.
    public func huggingFaceFileOfIDs() throws -> Data {
        try JSONValue.object([
            "bos_token_id": beginTokenID.map(JSONValue.integer) ?? .null,
            "eos_token_id": endTokenIDs.isEmpty ? .null : .array(endTokenIDs.map(JSONValue.integer)),
        ]).fileData()
    }
}

extension JSONValue {
    /// The same value gives the same bytes.
    fileprivate func fileData() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }
}
