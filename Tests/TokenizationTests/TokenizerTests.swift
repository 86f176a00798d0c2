import Foundation
import Testing

@testable import Tokenization

@Suite struct TokenizerTests {
    @Test(arguments: TokenizationFixture.names)
    func idsEqualTheReference(_ name: String) throws {
        let fixture = try TokenizationFixture.load()
        #expect(fixture.texts.count >= 300)
        let expected = try #require(fixture.tokenizers[name])
        let tokenizer = try Tokenizer(contentsOf: TokenizationFixture.url(name))
        for (text, ids) in zip(fixture.texts, expected.ids) {
            #expect(try tokenizer.encode(text) == ids, "\(text.debugDescription)")
        }
        for (text, ids) in zip(fixture.texts, expected.plain) {
            #expect(try tokenizer.encode(text, addSpecialTokens: false) == ids, "\(text.debugDescription)")
        }
    }

    @Test(arguments: TokenizationFixture.names)
    func decodingEqualsTheReference(_ name: String) throws {
        let expected = try #require(try TokenizationFixture.load().tokenizers[name])
        let tokenizer = try Tokenizer(contentsOf: TokenizationFixture.url(name))
        for (ids, text) in zip(expected.ids, expected.decoded) {
            #expect(Array(tokenizer.decode(ids).utf8) == Array(text.utf8), "\(ids)")
        }
        for (ids, text) in zip(expected.ids, expected.decoded_whole) {
            #expect(Array(tokenizer.decode(ids, skipSpecialTokens: false).utf8) == Array(text.utf8), "\(ids)")
        }
        for (ids, text) in zip(expected.drawn, expected.drawn_decoded) {
            #expect(Array(tokenizer.decode(ids).utf8) == Array(text.utf8), "\(ids)")
        }
    }

    @Test(arguments: TokenizationFixture.names)
    func streamedTextIsTheWholeAndNeverHalfACharacter(_ name: String) throws {
        let expected = try #require(try TokenizationFixture.load().tokenizers[name])
        let tokenizer = try Tokenizer(contentsOf: TokenizationFixture.url(name))
        for (ids, text) in zip(expected.ids, expected.decoded) {
            var stream = StreamingDetokenizer(tokenizer)
            var whole = ""
            for id in ids {
                let delta = stream.append(id)
                #expect(!delta.unicodeScalars.contains("\u{FFFD}"), "\(text.debugDescription)")
                whole += delta
            }
            whole += stream.finish()
            #expect(Array(whole.utf8) == Array(text.utf8), "\(text.debugDescription)")
        }
    }

    @Test func aLongWordTakesNoQuadraticTime() throws {
        let tokenizer = try Tokenizer(contentsOf: TokenizationFixture.url("llama2"))
        let text = String(repeating: "The quick brown fox. ", count: 50_000)
        #expect(try tokenizer.encode(text).count > 50_000)
    }

    @Test func damagedFilesAreErrors() throws {
        let whole = try String(contentsOf: TokenizationFixture.url("llama2"), encoding: .utf8)
        func refuse(_ json: String) {
            #expect(throws: TokenizerError.self) { try Tokenizer(json: Data(json.utf8), path: "t.json") }
        }
        refuse("")
        refuse("[]")
        refuse("{}")
        refuse(String(whole.prefix(whole.count / 2)))
        refuse(whole.replacingOccurrences(of: "\"type\":\"BPE\"", with: "\"type\":\"Unigram\""))
        refuse(whole.replacingOccurrences(of: "\"type\":\"Prepend\"", with: "\"type\":\"Guess\""))
        refuse(whole.replacingOccurrences(of: "\"merges\":[", with: "\"merges\":[[\"nothing\",\"such\"],"))
        refuse(whole.replacingOccurrences(of: "\"<s>\":1,", with: "\"<s>\":-1,"))
        #expect(throws: TokenizerError.missing(path: "/nowhere/tokenizer.json")) {
            try Tokenizer(contentsOf: URL(fileURLWithPath: "/nowhere/tokenizer.json"))
        }
    }
}
