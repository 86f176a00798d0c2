import Failures
import Foundation
import Testing
import Tokenization

@testable import HiREDInference

/// The tokens that a chat template is given, from a file that may be absent or damaged.
@Suite struct SpecialTokenFileTests {
    private func tokens(_ tokenizerConfig: String?) throws -> SpecialTokens {
        let scratch = try Scratch()
        let folder = scratch.url.appending(path: "checkpoint")
        try FileManager.default.copyItem(at: try ParityFixture("next-mha").checkpoint, to: folder)
        let file = folder.appending(path: "tokenizer_config.json")
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            try? FileManager.default.removeItem(at: folder.appending(path: name))
        }
        if let tokenizerConfig { try Data(tokenizerConfig.utf8).write(to: file) }
        return try VisionLanguageModel(contentsOf: folder).tokenizer.specialTokens
    }

    @Test func readsWhatThereIs() throws {
        #expect(try tokens(nil) == SpecialTokens())
        #expect(try tokens("{}") == SpecialTokens())
        let given = #"{"bos_token": null, "eos_token": {"content": "</s>"}, "unk_token": "<unk>", "other": [1]}"#
        #expect(try tokens(given) == SpecialTokens(named: ["eos_token": "</s>", "unk_token": "<unk>"]))
        let extra = #"{"additional_special_tokens": ["<s>"], "extra_special_tokens": {"image_token": "<image>"}}"#
        #expect(try tokens(extra) == SpecialTokens(named: ["image_token": "<image>"], additional: ["<s>"]))
    }

    @Test(arguments: ["", "{", "[]", "null", #"{"bos_token": "a", "bos_token": "b"}"#, "{\"bos_token\": \"\u{1}\"}"])
    func aDamagedFileIsAnError(_ text: String) {
        let error = #expect(throws: (any Error).self) { try tokens(text) } as? any Failure
        #expect(error?.kind == .damagedFile && error?.description.contains("tokenizer_config.json") == true)
    }
}
