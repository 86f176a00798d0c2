import Checkpoints
import Foundation
import Testing

@testable import HiREDInference

/// The tokens that a chat template is given, from a file that may be absent, null or damaged.
@Suite struct SpecialTokenFileTests {
    private func template(_ tokenizerConfig: String?) throws {
        let scratch = try Scratch()
        let folder = scratch.url.appending(path: "checkpoint")
        try FileManager.default.copyItem(at: try ParityFixture("next-mha").checkpoint, to: folder)
        let file = folder.appending(path: "tokenizer_config.json")
        try? FileManager.default.removeItem(at: file)
        if let tokenizerConfig { try Data(tokenizerConfig.utf8).write(to: file) }
        _ = try ModelDescription(contentsOf: folder).template(named: nil)
    }

    @Test(arguments: [nil, "null", "{}", #"{"bos_token": null, "eos_token": {"content": "</s>"}, "other": [1]}"#])
    func readsWhatThereIs(_ text: String?) {
        #expect(throws: Never.self) { try template(text) }
    }

    @Test(arguments: ["", "{", "[]", #"{"bos_token": "a", "bos_token": "b"}"#, "{\"bos_token\": \"\u{1}\"}"])
    func aDamagedFileIsAnError(_ text: String) {
        let error = #expect(throws: CheckpointError.self) { try template(text) }
        #expect(error?.file == "tokenizer_config.json" && error?.code == .malformed)
    }
}
