import Foundation
import Testing

@testable import Tokenization

/// Folders as original checkpoints have them, and what Transformers' slow LlamaTokenizer gave
/// (tools/fixtures/sentencepiece_models.py).
struct SentencePieceFixture: Decodable {
    struct Expected: Decodable {
        /// Nil where no `tokenizer.json` can give the same.
        var ids: [[Int32]?]
        var decoded: [String]
        var whole: [String]
        /// -200 where a picture goes.
        var chunks: [[Int32]]
    }

    var texts: [String]
    var prompts: [String]
    var folders: [String: Expected]

    static let names = ["bare", "first", "legacy", "listed", "null", "plain"]

    static func load() throws -> SentencePieceFixture {
        let data = try Data(contentsOf: folder("").appending(path: "expected.json"))
        return try JSONDecoder().decode(SentencePieceFixture.self, from: data)
    }

    static func folder(_ name: String) throws -> URL {
        try #require(Bundle.module.resourceURL).appending(path: "Fixtures/sentencepiece/\(name)")
    }

    static func model(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder(name).appending(path: "tokenizer.model")))
    }

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer(json: TokenizerConversion.tokenizerJSON(folder: folder(name)), path: "converted")
    }
}
