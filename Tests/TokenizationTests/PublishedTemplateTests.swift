import Foundation
import Testing

@testable import Tokenization

/// What Transformers renders, and what the original conversation tables give (tools/fixtures/chat_templates.py).
struct ChatFixture: Decodable {
    var conversations: [[TokenizationFixture.Message]]
    var templates: [TokenizationFixture.Template]
    var named: [String: [String]]

    static func load() throws -> ChatFixture {
        try JSONDecoder().decode(ChatFixture.self, from: Data(contentsOf: TokenizationFixture.url("chat")))
    }
}

@Suite struct PublishedTemplateTests {
    @Test(arguments: [
        "llava-1.5", "llava-v1.6-vicuna", "llava-v1.6-mistral-early", "llava-v1.6-mistral", "llama3-llava-next",
        "llava-v1.6-34b", "either", "llama-2", "llama-3", "chatml",
    ])
    func promptsEqualTransformers(_ name: String) throws {
        let fixture = try ChatFixture.load()
        let template = try #require(fixture.templates.first { $0.name == name })
        let chat = ChatTemplate.jinja(try JinjaTemplate(template.source), bos: "<s>", eos: "</s>")
        #expect(template.expected.contains { $0 != nil })
        for (messages, expected) in zip(fixture.conversations, template.expected) {
            let conversation = try messages.map { try $0.chatMessage() }
            guard let expected else {
                #expect(throws: JinjaError.self) { try chat.prompt(for: conversation) }
                continue
            }
            // The tokenizer adds the first token itself.
            let bare = expected.hasPrefix("<s>") ? String(expected.dropFirst(3)) : expected
            #expect(try chat.prompt(for: conversation) == bare, "\(messages.count) messages")
        }
    }

    @Test(arguments: ["vicuna", "mistral", "llama3", "chatml"])
    func namedTemplatesEqualTheOriginalTables(_ name: String) throws {
        let fixture = try ChatFixture.load()
        let expected = try #require(fixture.named[name])
        let template = try #require(ChatTemplate.named.first { $0.name == name }?.template)
        for (messages, expected) in zip(fixture.conversations, expected) {
            #expect(try template.prompt(for: messages.map { try $0.chatMessage() }) == expected)
        }
    }

    @Test func severalSystemMessagesAreAllKept() throws {
        let messages = [
            ChatMessage(.system, [.text("One.")]), ChatMessage(.user, [.text("Q")]),
            ChatMessage(.system, [.text("Two.")]),
        ]
        #expect(try ChatTemplate.vicuna.prompt(for: messages) == "One.\nTwo. USER: Q ASSISTANT:")
    }

    @Test func theFirstTokenStaysWhereNobodyElseAddsIt() throws {
        let chat = ChatTemplate.jinja(
            try JinjaTemplate("{{ bos_token }}{{ messages[0].content[0].text }}"), bos: "<s>", eos: "")
        let question = [ChatMessage(.user, [.text("Q")])]
        #expect(try chat.prompt(for: question, addsBeginning: false) == "<s>Q")
        #expect(try chat.prompt(for: question) == "Q")
    }

    @Test func aMarkBehindTheFirstTokenDoesNotHideIt() throws {
        let chat = ChatTemplate.jinja(
            try JinjaTemplate("{{ bos_token }}{{ messages[0].content[0].text }}"), bos: "<s>", eos: "")
        #expect(try chat.prompt(for: [ChatMessage(.user, [.text("\u{301}a")])]) == "\u{301}a")
    }
}
