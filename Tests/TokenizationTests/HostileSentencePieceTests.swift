import Foundation
import Testing

@testable import Tokenization

@Suite struct HostileSentencePieceTests {
    private func refusal(_ bytes: [UInt8]) -> TokenizerError? {
        do {
            _ = try SentencePieceModel(bytes: bytes, path: "t.model").tokenizerJSON()
            return nil
        } catch { return error }
    }

    @Test func theSmallestModelIsTaken() throws {
        let model = try SentencePieceModel(bytes: Wire.model, path: "t.model")
        #expect(model.pieces.count == 6)
        #expect(model.merges() == [.init(left: 3, right: 4)])
        let tokenizer = try Tokenizer(json: model.tokenizerJSON(), path: "t.json")
        #expect(try tokenizer.encode("a ab") == [1, 5, 5, 0])
    }

    private static let damaged: [(String, [UInt8])] = {
        var files: [(String, [UInt8])] = []
        func add(_ name: String, _ bytes: [UInt8]) { files.append((name, bytes)) }
        let end = Wire.trainer + Wire.normalizer
        add("empty", [])
        add("huge length", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
        add("length beyond 64 bits", [0x0A] + [UInt8](repeating: 0xFF, count: 10) + [0x01])
        add("endless number", [0x08] + [UInt8](repeating: 0x80, count: 5000))
        add("field zero", [0x02, 0x00])
        add("group", [0x0B, 0x0C])
        add("wire type 7", [0x0F])
        add("piece as number", Wire.number(1, 5))
        add("trainer as number", Wire.model + Wire.number(2, 5))
        add("not UTF-8", Wire.special + Wire.piece([0xC3, 0x28]) + end)
        add("surrogate", Wire.special + Wire.piece([0xED, 0xA0, 0x80]) + end)
        add("twice", Wire.model + Wire.piece("a"))
        add("empty piece", Wire.model + Wire.piece(""))
        add("long piece", Wire.model + Wire.piece([UInt8](repeating: 0x61, count: 5000)))
        add("score NaN", Wire.model + Wire.piece("b", score: .nan))
        add("infinite score", Wire.model + Wire.piece("b", score: .infinity))
        add("type 9", Wire.model + Wire.piece("b", kind: 9))
        add("no byte", Wire.model + Wire.piece("<0xZZ>", kind: 6))
        add("a byte without the fallback", Wire.model + Wire.piece("<0x41>", kind: 6))
        add("fallback without bytes", Wire.model + Wire.bytes(2, Wire.number(35, 1)))
        add("two unknown", Wire.model + Wire.piece("<u>", kind: 2))
        add("none unknown", Wire.piece("a") + end)
        add("no pieces", end)
        add("text", Array("{\"model\": {}}".utf8))
        return files
    }()

    @Test(arguments: damaged)
    func damagedFilesAreErrors(_ name: String, _ bytes: [UInt8]) {
        guard case .malformed("t.model", let reason)? = refusal(bytes) else {
            Issue.record("\(name): \(String(describing: refusal(bytes)))")
            return
        }
        #expect(!reason.isEmpty && reason.count < 200)
    }

    private static let otherKinds: [(String, [UInt8])] = {
        var files: [(String, [UInt8])] = []
        func add(_ word: String, _ addition: [UInt8]) { files.append((word, addition)) }
        add("unigram", Wire.bytes(2, Wire.number(3, 1)))
        add("word", Wire.bytes(2, Wire.number(3, 3)))
        add("char", Wire.bytes(2, Wire.number(3, 4)))
        add("nmt_nfkc", Wire.bytes(3, Wire.bytes(1, Array("nmt_nfkc".utf8))))
        add("identity", Wire.bytes(3, Wire.bytes(1, Array("identity".utf8)) + Wire.bytes(2, [1, 2, 3])))
        add("remove_extra_whitespaces", Wire.bytes(3, Wire.number(4, 1)))
        add("escape_whitespaces", Wire.bytes(3, Wire.number(5, 0)))
        add("treat_whitespace_as_suffix", Wire.bytes(2, Wire.number(24, 1)))
        add("unused", Wire.piece("b", kind: 5))
        return files
    }()

    @Test(arguments: otherKinds)
    func otherKindsOfModelAreNamed(_ word: String, _ addition: [UInt8]) {
        guard case .unsupported("t.model", let component, let supported)? = refusal(Wire.model + addition) else {
            Issue.record("\(word): \(String(describing: refusal(Wire.model + addition)))")
            return
        }
        #expect(component.contains(word))
        #expect(!supported.isEmpty)
    }

    @Test func everyTruncationAndManyFlippedBitsAreHandled() throws {
        let whole = try SentencePieceFixture.model("plain")
        for length in stride(from: 0, to: whole.count, by: 37) {
            let isWhole = refusal(Array(whole.prefix(length))) == nil
            #expect(!isWhole, "\(length)")
        }
        var generator = SeededGenerator(state: 3)
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            // Any outcome but a trap.
            if let data = try? SentencePieceModel(bytes: bytes, path: "t.model").tokenizerJSON() {
                _ = try? Tokenizer(json: data, path: "t.json")
            }
        }
    }

    @Test(arguments: [
        ("tokenizer_config.json", "["), ("tokenizer_config.json", "{\"legacy\": \"yes\"}"),
        ("tokenizer_config.json", "{\"bos_token\": {\"text\": 1}}"),
        ("tokenizer_config.json", "{\"bos_token\": null}"),
        ("tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"y\"}}}"),
        ("tokenizer_config.json", "{\"added_tokens_decoder\": {\"-1\": {\"content\": \"y\"}}}"),
        ("tokenizer_config.json", "{\"added_tokens_decoder\": {\"99999999999\": {\"content\": \"y\"}}}"),
        ("tokenizer_config.json", "{\"tokenizer_class\": \"T5Tokenizer\"}"),
        ("special_tokens_map.json", "{\"additional_special_tokens\": \"x\"}"),
        ("added_tokens.json", "{\"<pad>\": \"900\"}"),
    ])
    func damagedSettingsAreErrors(_ name: String, _ text: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Wire.model).write(to: folder.appending(path: "tokenizer.model"))
        try Data(text.utf8).write(to: folder.appending(path: name))
        #expect(throws: TokenizerError.self) { try TokenizerConversion.tokenizerJSON(folder: folder) }
        try Data("{}".utf8).write(to: folder.appending(path: name))
        #expect(throws: Never.self) { try TokenizerConversion.tokenizerJSON(folder: folder) }
    }

    @Test func aMissingModelIsNamed() {
        let folder = URL(fileURLWithPath: "/nowhere")
        #expect(throws: TokenizerError.missing(path: "/nowhere/tokenizer.model")) {
            try TokenizerConversion.tokenizerJSON(folder: folder)
        }
    }

    @Test func aVocabularyOfLLaMAsSizeConverts() throws {
        // Every string of up to four of some letters, shorter ones first.
        var words = [""]
        var all: [String] = []
        for _ in 0..<4 {
            words = words.flatMap { word in "abcdefghijklm".map { word + String($0) } }
            all += words
        }
        let pieces = all.prefix(31_000).enumerated().flatMap { Wire.piece($1, score: -Float($0)) }
        let model = try SentencePieceModel(
            bytes: Wire.special + pieces + Wire.trainer + Wire.normalizer, path: "t.model")
        #expect(model.merges().count > 80_000)
        let tokenizer = try Tokenizer(json: model.tokenizerJSON(), path: "t.json")
        #expect(try tokenizer.encode("abab", addSpecialTokens: false).last == tokenizer.id(of: "abab"))
    }
}
