import Foundation
import Testing

@testable import Tokenization

@Suite struct JSONModelReaderTests {
    private func model(_ text: String) throws -> JSONModelReader.Model? {
        try JSONModelReader.model(in: Array(text.utf8))
    }

    @Test func keysKeepTheirBytesAndEscapes() throws {
        let text = #"""
            {"added_tokens": [{"content": "}]\"{"}], "a": null, "n": -1.5e3, "model": {"x": {"vocab": {"no": 1}}, "vocab":
            {"\u00e9": 0, "e\u0301": 1, "\ud83d\ude00": 2, "\"\\\/\n\t": 3, "e": 4, "\u0301": 5}, "merges": []}}
            """#
        let read = try #require(try model(text))
        #expect(
            read.vocabulary.map { Array($0.text.utf8) }
                == ["\u{E9}", "e\u{301}", "😀", "\"\\/\n\t", "e", "\u{301}"].map { Array($0.utf8) })
        #expect(read.vocabulary.map(\.id) == Array(0..<6))
        #expect(read.merges.isEmpty)
    }

    @Test func bothSpellingsOfMergesAreRead() throws {
        // A combining mark behind the space, which Swift joins to one character.
        let read = try #require(try model(#"{"model": {"vocab": {}, "merges": ["e \u0301", ["a", "b"], ["▁", "▁"]]}}"#))
        #expect(read.merges.map { Array($0.left.utf8) } == ["e", "a", "▁"].map { Array($0.utf8) })
        #expect(read.merges.map { Array($0.right.utf8) } == ["\u{301}", "b", "▁"].map { Array($0.utf8) })
    }

    @Test func aWordMadeOfALetterAndAMarkIsOneToken() throws {
        let json =
            #"{"model": {"type": "BPE", "vocab": {"e": 0, "\u0301": 1, "e\u0301": 2, "\u00e9": 3}, "merges": ["e \u0301"]}}"#
        let tokenizer = try Tokenizer(json: Data(json.utf8), path: "t.json")
        #expect(tokenizer.encode("e\u{301}\u{E9}e") == [2, 3, 0])
        #expect(tokenizer.id(of: "e\u{301}") == 2 && tokenizer.id(of: "\u{E9}") == 3)
    }

    @Test(arguments: [
        "", "[", "{", #"{"model"}"#, #"{"model": {"vocab": {"a": "b"}, "merges": []}}"#,
        #"{"model": {"vocab": {"a": 1.5}, "merges": []}}"#, #"{"model": {"vocab": {"a": 1"#,
        #"{"model": {"vocab": {}, "merges": ["ab"]}}"#, #"{"model": {"vocab": {}, "merges": ["a b c"]}}"#,
        #"{"model": {"vocab": {}, "merges": [["a"]]}}"#, #"{"model": {"vocab": {}, "merges": [1]}}"#,
        #"{"model": {"vocab": {"\u12": 1}, "merges": []}}"#, #"{"model": {"vocab": {"a\"#, #"{"model": 5}"#,
    ])
    func brokenTextIsAnError(_ text: String) {
        #expect(throws: JSONModelReader.Failure.self) { try model(text) }
    }

    @Test func absentPartsAreNil() throws {
        #expect(try model("{}") == nil)
        #expect(try model(#"{"model": {"vocab": {}}}"#) == nil)
    }
}
