// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Testing

@testable import Tokenization

/// What HF tokenizers and Transformers gave (tools/fixtures/tokenization.py).
struct TokenizationFixture: Decodable {
    struct Expected: Decodable {
        var ids: [[Int32]]
        var plain: [[Int32]]
        var decoded: [String]
        var decoded_whole: [String]
        var drawn: [[Int32]]
        var drawn_decoded: [String]
    }
    struct Template: Decodable {
        var name: String
        var source: String
        /// Nil where the template refuses the conversation.
        var expected: [String?]
    }
    struct Message: Decodable {
        struct Part: Decodable {
            var type: String
            var text: String?
        }
        var role: String
        var content: [Part]

        func chatMessage() throws -> ChatMessage {
            ChatMessage(
                try #require(ChatMessage.Role(rawValue: role)),
                content.map { $0.type == "image" ? .image : .text($0.text ?? "") })
        }
    }

    var schema: Int
    var texts: [String]
    var tokenizers: [String: Expected]
    var templates: [Template]
    var conversations: [[Message]]

    static let names = ["llama2", "mistral", "llama3", "qwen2", "demo"]

    static func load() throws -> TokenizationFixture {
        try JSONDecoder().decode(TokenizationFixture.self, from: Data(contentsOf: url("tokenization")))
    }

    static func url(_ name: String) throws -> URL {
        try #require(Bundle.module.resourceURL).appending(path: "Fixtures/\(name).json")
    }
}
