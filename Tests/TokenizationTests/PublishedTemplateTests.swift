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
        let chat = ChatTemplate.jinja(try JinjaTemplate(template.source), SpecialTokens(begin: "<s>", end: "</s>"))
        #expect(template.expected.contains { $0 != nil })
        for (messages, expected) in zip(fixture.conversations, template.expected) {
            let conversation = try messages.map { try $0.chatMessage() }
            guard let expected else {
                #expect(throws: JinjaError.self) { try chat.prompt(for: conversation) }
                continue
            }
            let prompt = try chat.prompt(for: conversation)
            #expect(prompt == expected, "\(messages.count) messages")
            #expect(chat.writesBeginning(prompt) == expected.hasPrefix("<s>"))
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

    @Test func aMarkBehindTheFirstTokenDoesNotHideIt() throws {
        let chat = ChatTemplate.jinja(
            try JinjaTemplate("{{ bos_token }}{{ messages[0].content[0].text }}"), SpecialTokens(begin: "<s>", end: ""))
        let prompt = try chat.prompt(for: [ChatMessage(.user, [.text("\u{301}a")])])
        #expect(prompt == "<s>\u{301}a" && chat.writesBeginning(prompt))
        #expect(!chat.writesBeginning("a<s>") && !ChatTemplate.vicuna.writesBeginning("<s>"))
    }

    /// As Transformers gives them: all that the tokenizer has, and the others not defined.
    @Test func templatesKnowEverySpecialToken() throws {
        let source =
            "{{ unk_token }}|{{ image_token }}|{{ pad_token is defined }}|{{ additional_special_tokens | join(',') }}"
        let tokens = SpecialTokens(
            named: ["unk_token": "<unk>", "image_token": "<image>"], additional: ["<a>", "<b>"])
        let chat = ChatTemplate.jinja(try JinjaTemplate(source), tokens)
        #expect(try chat.prompt(for: [ChatMessage(.user, [.text("Q")])]) == "<unk>|<image>|False|<a>,<b>")
    }
}
