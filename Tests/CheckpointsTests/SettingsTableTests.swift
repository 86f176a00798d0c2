import Failures
import Foundation
import OrderedJSON
import Testing

@testable import Checkpoints

/// `tools/fixtures/setting_keys.py`: what Transformers takes and writes, and what published folders hold.
private struct SettingKeys: Decodable {
    struct Source: Decodable {
        var source: String
        var tables: [String: [String]]
    }

    var schema: Int
    var versions: [String: String]
    var generationDefaults: JSONValue
    var sources: [Source]

    private enum CodingKeys: String, CodingKey {
        case schema, versions, sources
        case generationDefaults = "generation_defaults"
    }

    init() throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: try fixtureURL("setting-keys.json")))
        try #require(schema == 1)
        try #require(versions["transformers"] == "4.57.6")
    }

    static func table(_ name: String) -> SettingsTable? {
        let (first, rest) = (name.prefix { $0 != "_" }, name.drop { $0 != "_" }.dropFirst())
        let family = TextModelConfig.Family(rawValue: String(rest))
        switch first {
        case "outer": return .outer
        case "vision": return .vision
        case "internvl": return .internVL
        case "internvlvision": return .internVLVision
        case "processor": return .processor
        case "generation": return .generation
        case "text": return family.map(SettingsTable.text)
        case "original": return family.map(SettingsTable.original)
        case "preprocessor":
            let isFast = rest.hasSuffix("Fast")
            return PreprocessorConfig.Kind(rawValue: String(isFast ? rest.dropLast(4) : rest))
                .map { .preprocessor($0, isFast: isFast) }
        default: return nil
        }
    }
}

@Suite("Every key is obeyed, refused or known to be ignored")
struct SettingsTableTests {
    @Test func everyKeyHasARule() throws {
        let fixture = try SettingKeys()
        #expect(fixture.sources.count == 7)
        #expect(fixture.sources[0].tables.count == 20)
        var count = 0
        for source in fixture.sources {
            for (name, keys) in source.tables {
                let table = try #require(SettingKeys.table(name), "\(name)")
                let missing = keys.filter { table.rules[$0] == nil }.sorted()
                #expect(missing.isEmpty, "\(source.source): \(name) lacks \(missing)")
                count += keys.count
            }
        }
        #expect(count > 900)
    }

    /// A setting at Transformers' own default asks for nothing.
    @Test func defaultsAreNotRefused() throws {
        guard case .object(let values) = try SettingKeys().generationDefaults else {
            Issue.record("no object")
            return
        }
        let object = ConfigObject(values, file: "generation_config.json")
        for samples in [false, true] {
            #expect(SettingsTable.generation.refusals(of: object, samples: samples).isEmpty)
        }
    }

    /// Whatever is refused is refused by name, wherever it stands.
    @Test func everyRefusalNamesItsKey() throws {
        let tables: [SettingsTable] =
            [.outer, .vision, .internVL, .internVLVision, .clip, .processor, .generation, .rotary]
            + TextModelConfig.Family.allCases.flatMap { [.text($0), .original($0)] }
            + PreprocessorConfig.Kind.allCases.flatMap { kind in [true, false].map { .preprocessor(kind, isFast: $0) } }
        var count = 0
        for table in tables {
            for (key, rule) in table.rules {
                let object = ConfigObject([key: .string("odd")], file: "some.json", path: "inner.")
                let refusals = table.refusals(of: object, samples: true)
                switch rule {
                case .refused(let harmless, let remedy):
                    #expect(!remedy.isEmpty)
                    for value in harmless + [.null] {
                        #expect(table.refusals(of: ConfigObject([key: value], file: ""), samples: true).isEmpty)
                    }
                    fallthrough
                case .refusedIfSampling:
                    #expect(refusals.count == 1)
                    #expect(refusals.first?.problem.hasPrefix("inner.\(key) is \"odd\"") == true)
                    #expect(refusals.first?.code == .unsupported)
                    count += 1
                case .ignored(let why):
                    #expect(!why.isEmpty)
                    #expect(refusals.isEmpty)
                default: #expect(refusals.isEmpty)
                }
            }
        }
        #expect(count > 60)
    }

    @Test(arguments: [
        ("quantization_config", #"{"model_type":"llava","quantization_config":{"quant_method":"awq"}}"#, "\"awq\""),
        (
            "text_config.quantization_config",
            #"{"model_type":"llava","text_config":{"quantization_config":{"quant_method":"gptq"}}}"#, "\"gptq\""
        ),
        (
            "vision_config.quantization_config",
            #"{"model_type":"llava","vision_config":{"quantization_config":{"load_in_4bit":true}}}"#, "an object"
        ),
        ("text_config.pruned_heads", #"{"model_type":"llava","text_config":{"pruned_heads":{"1":[2]}}}"#, "an object"),
        (
            "text_config.add_cross_attention",
            #"{"model_type":"llava_next","text_config":{"add_cross_attention":true}}"#, "true"
        ),
        (
            "mm_use_im_start_end",
            #"{"model_type":"llava_llama","mm_projector_type":"mlp2x_gelu","mm_use_im_start_end":true}"#, "true"
        ),
        ("use_mm_proj", #"{"model_type":"llava_llama","mm_projector_type":"mlp2x_gelu","use_mm_proj":false}"#, "false"),
        ("s2", #"{"model_type":"llava_mistral","mm_projector_type":"mlp2x_gelu","s2":true}"#, "true"),
        (
            "mm_resampler_type",
            #"{"model_type":"llava_llama","mm_projector_type":"mlp2x_gelu","mm_resampler_type":"qformer"}"#, "qformer"
        ),
    ])
    func configurationsAreRefusedByName(key: String, json: String, shown: String) {
        let error = #expect(throws: CheckpointError.self) { try VisionLanguageConfig(json: Data(json.utf8)) }
        #expect(error?.code == .unsupported)
        #expect(error?.problem.hasPrefix("\(key) is ") == true, "\(error?.problem ?? "")")
        #expect(error?.problem.contains(shown) == true, "\(error?.problem ?? "")")
    }

    @Test func unknownKeysAreNamedAndNotRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            {"model_type": "llava", "future_outer": 1, "text_config": {"future_text": [1], "dtype": "float16",
             "rope_parameters": {"rope_type": "default", "future_rope": 2}}, "vision_config": {"future_vision": {},
             "image_size": 224, "patch_size": 32}}
            """, to: "config.json")
        try folder.write(#"{"future_pixels": 1, "aspect_ratio_setting": "anyres"}"#, to: "preprocessor_config.json")
        try folder.write(#"{"future_place": 1, "patch_size": 32}"#, to: "processor_config.json")
        try folder.write(#"{"future_draw": 1, "top_k": 4, "num_beams": 3}"#, to: "generation_config.json")
        let description = try ModelDescription(contentsOf: folder.url)
        #expect(
            description.unknownKeys == [
                "config.json: future_outer", "config.json: vision_config.future_vision",
                "config.json: text_config.future_text", "config.json: text_config.rope_parameters.future_rope",
                "preprocessor_config.json: future_pixels", "processor_config.json: future_place",
                "generation_config.json: future_draw",
            ])
        #expect(description.notes.count { $0.contains("config.json: future_outer, ") } == 1)
        #expect(description.notes.contains("generation_config.json: num_beams is 3, which is not implemented"))
        try folder.write(#"{"patch_size": 14}"#, to: "processor_config.json")
        let error = #expect(throws: CheckpointError.self) { try ModelDescription(contentsOf: folder.url) }
        #expect(error?.description.contains("patch_size is 14; it must be 32") == true)
    }

    @Test(arguments: [
        ("pad_size", #"{"image_processor_type":"CLIPImageProcessorFast","pad_size":{"height":9,"width":9}}"#),
        ("default_to_square", #"{"image_processor_type":"LlavaImageProcessorFast","default_to_square":true,"size":9}"#),
        ("do_pad", #"{"image_processor_type":"CLIPImageProcessorFast","do_pad":true}"#),
    ])
    func pixelSettingsAreRefusedByName(key: String, json: String) throws {
        let object = try ConfigObject(JSONDocument.value(of: Array(json.utf8), name: "p"), name: "p")
        let error = #expect(throws: CheckpointError.self) { try PreprocessorConfig(object, family: .llava) }
        #expect(error?.problem.hasPrefix("\(key) is ") == true)
        // The slow ones do not read it.
        let slow = json.replacingOccurrences(of: "Fast", with: "")
        let other = try ConfigObject(JSONDocument.value(of: Array(slow.utf8), name: "p"), name: "p")
        if key != "do_pad" || slow.contains("CLIP") {
            #expect(throws: Never.self) { try PreprocessorConfig(other, family: .llava) }
        }
    }
}

@Suite("Rotary settings of Transformers 5")
struct RotarySettingsTests {
    private func text(_ json: String) throws -> TextModelConfig {
        try VisionLanguageConfig(json: Data(#"{"model_type":"llava","text_config":\#(json)}"#.utf8)).text
    }

    @Test(arguments: [
        (#"{"rope_parameters":{"rope_theta":1e6,"rope_type":"default"}}"#, #"{"rope_theta":1e6}"#),
        (#"{"rope_parameters":{"rope_theta":1000000}}"#, #"{"rope_theta":1e6}"#),
        (#"{"rope_parameters":{}}"#, "{}"),
        (#"{"rope_parameters":null}"#, "{}"),
        (#"{"rope_parameters":{"rope_theta":1e6,"rope_type":"default"},"rope_theta":1e6}"#, #"{"rope_theta":1e6}"#),
        (
            #"{"rope_scaling":{"rope_theta":5e5,"rope_type":"linear","factor":2}}"#,
            #"{"rope_theta":5e5,"rope_scaling":{"type":"linear","factor":2}}"#
        ),
        (
            #"{"rope_parameters":{"rope_theta":5e5,"rope_type":"linear","factor":2}}"#,
            #"{"rope_theta":5e5,"rope_scaling":{"type":"linear","factor":2}}"#
        ),
        (
            #"{"rope_parameters":{"type":"linear","factor":2},"rope_scaling":{"rope_type":"linear","factor":2.0}}"#,
            #"{"rope_scaling":{"type":"linear","factor":2}}"#
        ),
        (
            #"{"rope_parameters":{"rope_theta":5e5,"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":512}}"#,
            #"{"rope_theta":5e5,"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":512}}"#
        ),
        (
            #"{"rope_parameters":{"full_attention":{"rope_theta":7,"rope_type":"default"},"sliding_attention":{"rope_theta":7.0}}}"#,
            #"{"rope_theta":7}"#
        ),
    ])
    func meansTheOldSpelling(new: String, old: String) throws {
        #expect(try text(new) == text(old))
    }

    @Test(arguments: [
        (
            #"{"rope_parameters":{"rope_theta":1e6},"rope_theta":10000}"#,
            "text_config.rope_parameters.rope_theta is 1000000"
        ),
        (
            #"{"rope_scaling":{"rope_theta":1e6},"rope_theta":10000.0}"#,
            "text_config.rope_scaling.rope_theta is 1000000"
        ),
        (#"{"rope_parameters":{"rope_theta":1e6},"rope_scaling":{"type":"linear","factor":2}}"#, "says otherwise"),
        (
            #"{"rope_parameters":{"full_attention":{"rope_theta":1e6},"sliding_attention":{"rope_theta":1e4}}}"#,
            "rope_parameters differs between kinds of layers"
        ),
        (#"{"rope_parameters":{"rope_type":"yarn","factor":4}}"#, "rope_type is \"yarn\""),
        (#"{"rope_parameters":{"partial_rotary_factor":0.5}}"#, "partial_rotary_factor is 0.5"),
        (#"{"rope_parameters":[1]}"#, "rope_parameters is a list"),
        (#"{"rope_parameters":{"rope_theta":-1}}"#, "rope_theta is -1"),
    ])
    func contradictionsAreRefused(json: String, says: String) {
        let error = #expect(throws: CheckpointError.self) { try text(json) }
        #expect(error?.problem.contains(says) == true, "\(error?.problem ?? "")")
    }
}
