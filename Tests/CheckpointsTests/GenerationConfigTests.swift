import Failures
import Foundation
import OrderedJSON
import Testing

@testable import Checkpoints

@Suite("Generation settings")
struct GenerationConfigTests {
    /// - Parameter config: more keys of the outermost object.
    private func read(_ generation: String?, config: String = "", text: String = "{}") throws -> GenerationConfig {
        let folder = try TemporaryFolder()
        try folder.write(
            #"{"model_type": "llava", "vision_config": {"patch_size": 32}, "text_config": \#(text)\#(config)}"#,
            to: "config.json")
        try folder.write("{}", to: "preprocessor_config.json")
        if let generation { try folder.write(generation, to: "generation_config.json") }
        return try withExtendedLifetime(folder) { try ModelDescription(contentsOf: folder.url).generation }
    }

    @Test func everySetting() throws {
        let found = try read(
            """
            {"do_sample": true, "temperature": 0.6, "top_k": 0, "top_p": 0.9, "min_p": 0.05, "repetition_penalty": 1.1,
             "suppress_tokens": [3, 4], "begin_suppress_tokens": 220, "bad_words_ids": [[5], [6, 7]],
             "no_repeat_ngram_size": 3, "min_new_tokens": 2, "min_length": 9, "stop_strings": "END",
             "max_new_tokens": 77, "max_length": 4096, "eos_token_id": [2, 8], "bos_token_id": 1}
            """)
        #expect(found.samples)
        #expect((found.temperature, found.topP, found.minP) == (0.6, 0.9, 0.05))
        #expect(found.topK == nil)
        #expect(found.repetitionPenalty == 1.1)
        #expect((found.suppressedTokens, found.beginSuppressedTokens) == ([3, 4], [220]))
        #expect(found.forbiddenWords == [[5], [6, 7]])
        #expect((found.noRepeatRunLength, found.minimumNewTokens, found.minimumLength) == (3, 2, 9))
        #expect(found.stopTexts == ["END"])
        #expect((found.maximumNewTokens, found.maximumLength) == (77, 4096))
        #expect(found.endTokenIDs == [2, 8])
        #expect(found.refusals.isEmpty)
    }

    @Test func nullIsAbsent() throws {
        let keys = SettingsTable.generation.rules.keys.filter { $0 != "eos_token_id" && $0 != "bos_token_id" }
        let text = "{" + keys.sorted().map { "\"\($0)\": null" }.joined(separator: ",") + "}"
        var found = try read(text)
        var plain = try read("{}")
        #expect(found.topK == nil)
        (found.topK, plain.topK) = (1, 1)
        #expect(found.refusals.isEmpty)
        #expect((found.temperature, found.topP, found.repetitionPenalty) == (1, 1, 1))
        #expect(found.forbiddenWords == plain.forbiddenWords)
    }

    @Test(arguments: [
        ("num_beams", "4"), ("penalty_alpha", "0.6"), ("sequence_bias", "[[[1], 2.0]]"), ("guidance_scale", "1.5"),
        ("encoder_repetition_penalty", "1.2"), ("encoder_no_repeat_ngram_size", "2"), ("forced_eos_token_id", "2"),
        ("exponential_decay_length_penalty", "[10, 1.1]"), ("dola_layers", #""high""#), ("token_healing", "true"),
        ("watermarking_config", #"{"bias": 2.5}"#), ("constraints", "[]"), ("force_words_ids", "[[1]]"),
        ("max_time", "3.0"), ("forced_decoder_ids", "[[1, 2]]"), ("generation_kwargs", #"{"a": 1}"#),
    ])
    func whatIsNotImplementedIsNamed(key: String, value: String) throws {
        let found = try read("{\"\(key)\": \(value)}")
        #expect(found.refusals.count == 1)
        let error = #expect(throws: CheckpointError.self) { try found.check() }
        #expect(error?.code == .unsupported)
        #expect(error?.file == "generation_config.json")
        #expect(error?.problem.hasPrefix("\(key) is ") == true, "\(error?.problem ?? "")")
        #expect(error?.description.contains("remove the key, or give generationSettings none") == true)
    }

    /// What has a meaning only where answers are drawn.
    @Test(arguments: [("typical_p", "0.9"), ("epsilon_cutoff", "3e-4"), ("eta_cutoff", "3e-4"), ("top_h", "0.4")])
    func whatIsNotImplementedForDrawingIsNamed(key: String, value: String) throws {
        #expect(try read("{\"\(key)\": \(value)}").refusals.isEmpty)
        let found = try read("{\"do_sample\": true, \"\(key)\": \(value)}")
        let error = #expect(throws: CheckpointError.self) { try found.check() }
        #expect(error?.problem.hasPrefix("\(key) is ") == true, "\(error?.problem ?? "")")
        #expect(error?.description.contains("do_sample to false") == true)
    }

    @Test(arguments: [
        (#""temperature": -1"#, "temperature"), (#""do_sample": true, "temperature": 0"#, "temperature"),
        (#""top_p": 1.5"#, "top_p"), (#""top_p": -0.1"#, "top_p"), (#""min_p": 2"#, "min_p"),
        (#""top_k": -1"#, "top_k"),
        (#""repetition_penalty": 0"#, "repetition_penalty"), (#""suppress_tokens": [-1]"#, "suppress_tokens"),
        (#""suppress_tokens": "x""#, "suppress_tokens"), (#""begin_suppress_tokens": [1.5]"#, "begin_suppress_tokens"),
        (#""bad_words_ids": []"#, "bad_words_ids"), (#""bad_words_ids": [[]]"#, "bad_words_ids"),
        (#""bad_words_ids": [5]"#, "bad_words_ids"), (#""bad_words_ids": [[-5]]"#, "bad_words_ids"),
        (#""min_new_tokens": -1"#, "min_new_tokens"), (#""min_length": 1e300"#, "min_length"),
        (#""no_repeat_ngram_size": "3""#, "no_repeat_ngram_size"), (#""stop_strings": [""]"#, "stop_strings"),
        (#""stop_strings": [3]"#, "stop_strings"), (#""do_sample": 1"#, "do_sample"),
        (#""eos_token_id": [9223372036854775807]"#, "eos_token_id"), (#""max_length": 0"#, "max_length"),
    ])
    func wrongValuesAreRefused(setting: String, key: String) {
        let error = #expect(throws: CheckpointError.self) { try read("{\(setting)}") }
        #expect(error?.file == "generation_config.json")
        #expect(error?.problem.contains(key) == true, "\(error?.problem ?? "")")
    }

    /// Ids that no row of logits has.
    @Test(arguments: [
        (#""eos_token_id": 32000"#, "eos_token_id has the token 32000, but the model has 32000"),
        (#""eos_token_id": [2, 90000]"#, "eos_token_id has the token 90000"),
        (#""suppress_tokens": [1, 40000]"#, "suppress_tokens has the token 40000"),
        (#""begin_suppress_tokens": [40000]"#, "begin_suppress_tokens has the token 40000"),
        (#""bad_words_ids": [[1, 40000]]"#, "bad_words_ids has the token 40000"),
    ])
    func idsBeyondTheTableAreRefused(setting: String, says: String) {
        let error = #expect(throws: CheckpointError.self) { try read("{\(setting)}") }
        #expect(error?.problem.contains(says) == true, "\(error?.problem ?? "")")
    }

    @Test func idsOfConfigBeyondTheTableAreRefused() {
        let error = #expect(throws: CheckpointError.self) { try read(nil, text: #"{"eos_token_id":7,"vocab_size":7}"#) }
        #expect(error?.file == "config.json")
        #expect(error?.problem.contains("eos_token_id has the token 7, but the model has 7") == true)
    }

    /// As `GenerationConfig.from_model_config` and `_prepare_generation_config` of Transformers 4.57.6 do.
    @Test func settingsInConfig() throws {
        let config = #", "do_sample": true, "temperature": 0.3, "top_k": 50"#
        let text = #"{"temperature": 0.9, "top_k": 7, "repetition_penalty": 1.5}"#
        // Without a file: the outermost, or where it has the default, the text model's.
        let alone = try read(nil, config: config, text: text)
        #expect((alone.samples, alone.temperature, alone.topK) == (true, 0.3, 7))
        #expect(alone.repetitionPenalty == 1.5)
        // A file of its own is all that counts.
        let own = try read(#"{"top_k": 3}"#, config: config, text: text)
        #expect((own.samples, own.temperature, own.topK) == (false, 1, 3))
        #expect(own.repetitionPenalty == 1)
        // One that was made from config.json gives way, where that one sets something.
        let made = try read(#"{"_from_model_config": true, "top_k": 3}"#, config: config, text: text)
        #expect((made.samples, made.temperature, made.topK) == (true, 0.3, 7))
        let unset = try read(#"{"_from_model_config": true, "top_k": 3}"#, config: #", "top_k": 50.0"#, text: text)
        #expect((unset.samples, unset.topK) == (false, 3))
        let refused = try read(nil, config: #", "num_beams": 5"#)
        #expect(refused.refusals.map(\.file) == ["config.json"])
    }

    /// What an import of the original layout writes is read back the same.
    @Test func writtenAndReadAgain() throws {
        let first = try read(
            #"{"do_sample": true, "top_p": 0.5, "bad_words_ids": [[4, 5]], "num_beams": 2, "_from_model_config": true}"#
        )
        let second = try read(String(decoding: first.huggingFaceFile(), as: UTF8.self))
        #expect((second.topP, second.forbiddenWords, second.samples) == (0.5, [[4, 5]], true))
        #expect(second.endTokenIDs == first.endTokenIDs)
        #expect(second.refusals == first.refusals)
        #expect(second.refusals.count == 1)
    }
}
