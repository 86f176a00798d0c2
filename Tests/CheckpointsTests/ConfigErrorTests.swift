import Failures
import Foundation
import Testing

@testable import Checkpoints

@Suite("Wrong configurations")
struct ConfigErrorTests {
    private func error(_ json: String) -> CheckpointError? {
        #expect(throws: CheckpointError.self) { try VisionLanguageConfig(json: Data(json.utf8)) }
    }

    /// One wrong value in a text configuration; the message names the key and the value.
    @Test(arguments: [
        ("hidden_size", "\"4096\"", "\"4096\""), ("hidden_size", "0", "0"), ("hidden_size", "-4096", "-4096"),
        ("hidden_size", "4096.5", "4096.5"), ("hidden_size", "true", "true"), ("hidden_size", "[4096]", "a list of 1"),
        ("hidden_size", "{}", "an object"), ("hidden_size", "9223372036854775807", "9223372036854775807"),
        ("hidden_size", "99999999999999999999", "1e+20"), ("num_hidden_layers", "1000000", "1000000"),
        ("num_attention_heads", "0", "0"), ("num_key_value_heads", "0", "0"), ("num_key_value_heads", "5", "5"),
        ("head_dim", "3", "3"), ("head_dim", "0", "0"), ("num_attention_heads", "8192", "0"),
        ("vocab_size", "-1", "-1"), ("max_position_embeddings", "0", "0"), ("rms_norm_eps", "-1e-5", "-1e-05"),
        ("rms_norm_eps", "\"1e-5\"", "\"1e-5\""), ("rope_theta", "0", "0"), ("hidden_act", "\"mish\"", "\"mish\""),
        ("hidden_act", "3", "3"), ("bos_token_id", "-1", "-1"), ("eos_token_id", "[2, \"x\"]", "a list of 2"),
        ("tie_word_embeddings", "0", "0"), ("attention_bias", "\"no\"", "\"no\""),
        ("model_type", "\"gemma\"", "\"gemma\""),
        ("rope_scaling", "4", "4"), ("rope_scaling", "{\"type\": \"yarn\"}", "\"yarn\""),
        ("rope_scaling", "{\"type\": \"linear\"}", "absent"),
        ("rope_scaling", "{\"rope_type\": \"linear\", \"factor\": -2}", "-2"),
        ("partial_rotary_factor", "0.5", "0.5"),
    ])
    func textValue(key: String, value: String, shown: String) throws {
        let error = error("{\"model_type\": \"llava_next\", \"text_config\": {\"\(key)\": \(value)}}")
        #expect(error?.file == "config.json")
        #expect(error?.problem.contains(shown) == true, "\(error?.description ?? "")")
        let named = key == "num_attention_heads" && value == "8192" ? "head_dim" : key
        #expect(error?.problem.contains("text_config.") == true)
        #expect(error?.problem.contains(named) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("vision_config.patch_size", "{\"vision_config\": {\"patch_size\": 300}}"),
        ("vision_config.num_attention_heads", "{\"vision_config\": {\"num_attention_heads\": 7}}"),
        ("vision_config.num_channels", "{\"vision_config\": {\"num_channels\": 4}}"),
        ("vision_config.model_type", "{\"vision_config\": {\"model_type\": \"siglip_vision_model\"}}"),
        ("vision_config", "{\"vision_config\": 3}"),
        ("text_config", "{\"text_config\": []}"),
        ("vision_feature_layer", "{\"vision_feature_layer\": 25}"),
        ("vision_feature_layer", "{\"vision_feature_layer\": 0}"),
        ("vision_feature_layer", "{\"vision_feature_layer\": -25}"),
        ("vision_feature_layer", "{\"vision_feature_layer\": -9223372036854775808}"),
        ("vision_feature_layer", "{\"vision_feature_layer\": [-2, 25]}"),
        ("vision_feature_layer", "{\"vision_feature_layer\": [-25]}"),
        ("vision_feature_layer", "{\"vision_feature_layer\": [-2, 1.5]}"),
        ("vision_feature_layer", "{\"vision_feature_layer\": []}"),
        ("vision_feature_select_strategy", "{\"vision_feature_select_strategy\": \"cls\"}"),
        ("vision_feature_select_strategy", "{\"vision_feature_select_strategy\": \"full\"}"),
        ("projector_hidden_act", "{\"projector_hidden_act\": \"selu\"}"),
        ("image_grid_pinpoints", "{\"image_grid_pinpoints\": []}"),
        ("image_grid_pinpoints", "{\"image_grid_pinpoints\": [[336]]}"),
        ("image_grid_pinpoints", "{\"image_grid_pinpoints\": [[336, 0]]}"),
        ("image_grid_pinpoints", "{\"image_grid_pinpoints\": [[336, 1000000]]}"),
        ("image_grid_pinpoints", "{\"image_grid_pinpoints\": \"(1x1),...,(6x6)\"}"),
        ("quantization_config", "{\"quantization_config\": {\"quant_method\": \"awq\"}}"),
        ("image_token_index", "{\"image_token_index\": -200}"),
    ])
    func outerValue(key: String, json: String) throws {
        let error = error("{\"model_type\": \"llava_next\", " + json.dropFirst())
        #expect(error?.problem.hasPrefix("\(key) is") == true, "\(error?.description ?? "")")
        #expect(error?.remedy != nil)
    }

    @Test(arguments: ["mllama", "idefics3", "llama", "video_llava"])
    func otherFamiliesAreRefusedWithWhatIsSupported(family: String) throws {
        let error = error("{\"model_type\": \"\(family)\"}")
        #expect(error?.code == .unsupported)
        #expect(error?.problem == "model_type is \"\(family)\"")
        #expect(error?.description.contains("llava_next") == true)
    }

    @Test(arguments: [
        "", "{", "[]", "3", "null", "{\"model_type\": NaN}", "\u{FEFF}", "{\"a\": 1, \"a\": 2}",
        String(repeating: "[", count: 5000), "{\"model_type\": \"\\uD800\"}",
    ])
    func notAConfiguration(text: String) throws {
        #expect(error(text)?.file == "config.json")
    }

    @Test func messagesStayOnOneLineAndShort() throws {
        let error = error("{\"model_type\": \"a\\nb\\u001b[31m\(String(repeating: "x", count: 10_000))\"}")
        let text = try #require(error).description
        #expect(text.count < 400)
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 32 })
    }
}
