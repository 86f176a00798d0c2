import Testing

@testable import Tokenization

@Suite struct TokenTextTests {
    /// Tokens that hold whole characters make the text when laid end to end.
    @Test(arguments: TokenizationFixture.names)
    func textsOfTokensMakeTheText(_ name: String) throws {
        let expected = try #require(try TokenizationFixture.load().tokenizers[name])
        let tokenizer = try Tokenizer(contentsOf: TokenizationFixture.url(name))
        var compared = 0
        for (ids, text) in zip(expected.ids, expected.decoded) {
            let texts = try ids.map { try #require(tokenizer.text(of: $0)) }
            guard !texts.contains(where: { $0.unicodeScalars.contains("\u{FFFD}") }) else { continue }
            // Some tokenizers put a space before the text, and drop it from the whole.
            let joined = texts.joined()
            let whole = tokenizer.decode(ids, skipSpecialTokens: false)
            let isWhole = joined.utf8.elementsEqual(whole.utf8) || joined.utf8.elementsEqual((" " + whole).utf8)
            #expect(isWhole, "\(text.debugDescription)")
            compared += 1
        }
        // HF tokenizers finds 131 to 158 such texts among each tokenizer's 400.
        #expect(compared >= 131)
    }

    @Test func unknownIdsHaveNone() throws {
        let tokenizer = try Tokenizer(contentsOf: TokenizationFixture.url("llama2"))
        for id in [Int32.min, -1, .max] { #expect(tokenizer.text(of: id) == nil) }
    }

    @Test func specialTokensAreSpelledOut() throws {
        let tokenizer = try Tokenizer(contentsOf: TokenizationFixture.url("llama2"))
        #expect(tokenizer.text(of: try #require(tokenizer.id(of: "</s>"))) == "</s>")
    }
}
