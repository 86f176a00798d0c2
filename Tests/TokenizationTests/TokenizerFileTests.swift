import Foundation
import OrderedJSON
import Testing

@testable import Tokenization

@Suite struct TokenizerFileTests {
    private func model(_ text: String) throws -> TokenizerFile.Model {
        try TokenizerFile(json: Array(text.utf8), path: "t.json").model
    }

    @Test func keysKeepTheirBytesAndEscapes() throws {
        let text = #"""
            {"added_tokens": [{"id": 9, "content": "}]\"{"}], "a": null, "n": -1.5e3, "model": {"x": {"vocab": {"no": 1}}, "vocab":
            {"\u00e9": 0, "e\u0301": 1, "\ud83d\ude00": 2, "\"\\\/\n\t": 3, "e": 4, "\u0301": 5}, "merges": []}}
            """#
        let read = try model(text)
        let vocabulary = try #require(read.vocabulary)
        #expect(
            vocabulary.map { Array($0.text.utf8) }
                == ["\u{E9}", "e\u{301}", "😀", "\"\\/\n\t", "e", "\u{301}"].map { Array($0.utf8) })
        #expect(vocabulary.map(\.id) == Array(0..<6))
        #expect(read.merges?.isEmpty == true)
    }

    @Test func bothSpellingsOfMergesAreRead() throws {
        // A combining mark behind the space, which Swift joins to one character.
        let read = try model(#"{"model": {"vocab": {}, "merges": ["e \u0301", ["a", "b"], ["▁", "▁"]]}}"#)
        let merges = try #require(read.merges)
        #expect(merges.map { Array($0.left.utf8) } == ["e", "a", "▁"].map { Array($0.utf8) })
        #expect(merges.map { Array($0.right.utf8) } == ["\u{301}", "b", "▁"].map { Array($0.utf8) })
    }

    @Test func aWordMadeOfALetterAndAMarkIsOneToken() throws {
        let json =
            #"{"model": {"type": "BPE", "vocab": {"e": 0, "\u0301": 1, "e\u0301": 2, "\u00e9": 3}, "merges": ["e \u0301"]}}"#
        let tokenizer = try Tokenizer(json: Data(json.utf8), path: "t.json")
        #expect(try tokenizer.encode("e\u{301}\u{E9}e") == [2, 3, 0])
        #expect(tokenizer.id(of: "e\u{301}") == 2 && tokenizer.id(of: "\u{E9}") == 3)
    }

    @Test(arguments: [
        "", "[", "{", #"{"model"}"#, #"{"model": {"vocab": {"a": "b"}, "merges": []}}"#,
        #"{"model": {"vocab": {"a": 1.5}, "merges": []}}"#, #"{"model": {"vocab": {"a": 1"#,
        #"{"model": {"vocab": {}, "merges": ["ab"]}}"#, #"{"model": {"vocab": {}, "merges": ["a b c"]}}"#,
        #"{"model": {"vocab": {}, "merges": [["a"]]}}"#, #"{"model": {"vocab": {}, "merges": [1]}}"#,
        #"{"model": {"vocab": {"\u12": 1}, "merges": []}}"#, #"{"model": {"vocab": {"a\"#, #"{"model": 5}"#,
        #"{"model": {"vocab": {"a": 0, "\u0061": 1}, "merges": []}}"#, #"{"model": {"vocab": {}, "merges": []}} x"#,
    ])
    func brokenTextIsAnError(_ text: String) {
        #expect(throws: TokenizerError.self) { try Tokenizer(json: Data(text.utf8), path: "t.json") }
    }

    @Test func absentPartsAreNil() throws {
        #expect(try model(#"{"model": {"vocab": {}}}"#).merges == nil)
        #expect(try model(#"{"model": {"vocab": [], "merges": {}}}"#).vocabulary == nil)
        for text in ["{}", #"{"model": {"vocab": {}}}"#, #"{"model": {"vocab": [], "merges": []}}"#] {
            #expect(throws: TokenizerError.self) { try Tokenizer(json: Data(text.utf8), path: "t.json") }
        }
    }
}
