import Foundation
import OrderedJSON
import Testing

@testable import Tokenization

@Suite struct SentencePieceTests {
    @Test(arguments: SentencePieceFixture.names)
    func idsEqualThoseOfTheSlowTokenizer(_ name: String) throws {
        let fixture = try SentencePieceFixture.load()
        let expected = try #require(fixture.folders[name])
        let tokenizer = try SentencePieceFixture.tokenizer(name)
        #expect(fixture.texts.count >= 300)
        #expect(expected.ids.count { $0 == nil } <= 2)
        for (text, ids) in zip(fixture.texts, expected.ids) {
            guard let ids else { continue }
            #expect(try tokenizer.encode(text) == ids, "\(text.debugDescription)")
        }
    }

    @Test(arguments: SentencePieceFixture.names)
    func decodingEqualsTheReference(_ name: String) throws {
        let fixture = try SentencePieceFixture.load()
        let expected = try #require(fixture.folders[name])
        let tokenizer = try SentencePieceFixture.tokenizer(name)
        for (ids, text) in zip(expected.ids, expected.decoded) {
            guard let ids else { continue }
            #expect(Array(tokenizer.decode(ids).utf8) == Array(text.utf8), "\(ids)")
        }
        for (ids, text) in zip(expected.ids, expected.whole) {
            guard let ids else { continue }
            #expect(Array(tokenizer.decode(ids, skipSpecialTokens: false).utf8) == Array(text.utf8), "\(ids)")
        }
    }

    @Test(arguments: SentencePieceFixture.names)
    func promptsSplitAtPicturesEqualOriginalLLaVAs(_ name: String) throws {
        let fixture = try SentencePieceFixture.load()
        let expected = try #require(fixture.folders[name])
        let tokenizer = try SentencePieceFixture.tokenizer(name)
        for (prompt, ids) in zip(fixture.prompts, expected.chunks) {
            #expect(
                try tokenizer.encode(prompt, splitAt: "<image>", placing: -200) == ids, "\(prompt.debugDescription)")
        }
    }

    @Test(arguments: ["legacy", "listed", "plain"])
    func convertedFileIsTheReferences(_ name: String) throws {
        let folder = try SentencePieceFixture.folder(name)
        let ours = try TokenizerConversion.tokenizerJSON(folder: folder)
        let reference = try Data(contentsOf: folder.appending(path: "expected-tokenizer.json"))
        func tree(_ data: Data) throws -> NSDictionary {
            try #require(try JSONSerialization.jsonObject(with: data) as? NSDictionary)
        }
        // The vocabulary apart: a dictionary confuses two spellings of a letter.
        func vocabulary(_ data: Data) throws -> [Int: [UInt8]] {
            let file = try TokenizerFile(json: Array(data), path: "t.json")
            return Dictionary(
                uniqueKeysWithValues: try #require(file.model.vocabulary).map { ($0.id, Array($0.text.utf8)) })
        }
        #expect(try vocabulary(ours) == vocabulary(reference))
        let (left, right) = (try tree(ours), try tree(reference))
        #expect(Set(left.allKeys.compactMap { $0 as? String }) == Set(right.allKeys.compactMap { $0 as? String }))
        for key in right.allKeys.compactMap({ $0 as? String }) where key != "model" {
            let isEqual = (left[key] as? NSObject) == (right[key] as? NSObject)
            #expect(isEqual, "\(key)")
        }
        let (model, expected) = (
            try #require(left["model"] as? NSDictionary), try #require(right["model"] as? NSDictionary)
        )
        for key in expected.allKeys.compactMap({ $0 as? String }) where key != "vocab" {
            let isEqual = (model[key] as? NSObject) == (expected[key] as? NSObject)
            #expect(isEqual, "model.\(key)")
        }
        #expect(try TokenizerConversion.tokenizerJSON(folder: folder) == ours)
    }

    @Test func twoSpellingsOfALetterAreTwoPieces() throws {
        let model = try SentencePieceModel(
            contentsOf: SentencePieceFixture.folder("bare").appending(path: "tokenizer.model"))
        let exact = Set(model.pieces.map { ByteExactString($0.text) })
        #expect(exact.count == model.pieces.count)
        // The fixture is to hold such a pair, else this and the tests of ids check nothing.
        #expect(Set(model.pieces.map(\.text)).count < exact.count)
        let tokenizer = try SentencePieceFixture.tokenizer("bare")
        for (id, piece) in model.pieces.enumerated() { #expect(tokenizer.id(of: piece.text) == Int32(id)) }
    }
}
