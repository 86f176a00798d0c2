import Testing

@testable import Tokenization

@Suite struct ChatTemplateTests {
    @Test func templatesRenderAsTransformersRendersThem() throws {
        let fixture = try TokenizationFixture.load()
        #expect(fixture.templates.count >= 4)
        for template in fixture.templates {
            let jinja = try JinjaTemplate(template.source)
            for (messages, expected) in zip(fixture.conversations, template.expected) {
                let chat = ChatTemplate.jinja(jinja, SpecialTokens(begin: "<s>", end: "</s>"))
                let conversation = try messages.map { try $0.chatMessage() }
                guard let expected else {
                    #expect(throws: JinjaError.self, "\(template.name)") { try chat.prompt(for: conversation) }
                    continue
                }
                #expect(try chat.prompt(for: conversation) == expected, "\(template.name)")
            }
        }
    }

    private let question = [ChatMessage(.user, [.image, .text("Q")])]

    @Test func builtInTemplatesAreThoseOfTheOriginalModels() throws {
        #expect(
            try ChatTemplate.vicuna.prompt(for: question)
                == "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, "
                + "detailed, and polite answers to the user's questions. USER: <image>\nQ ASSISTANT:")
        #expect(try ChatTemplate.mistral.prompt(for: question) == "[INST] <image>\nQ [/INST]")
        #expect(
            try ChatTemplate.chatML.prompt(for: question)
                == "<|im_start|>system\nAnswer the questions.<|im_end|><|im_start|>user\n<image>\nQ<|im_end|>"
                + "<|im_start|>assistant\n")
        #expect(
            try ChatTemplate.llama3.prompt(for: question).hasSuffix(
                "<|start_header_id|>user<|end_header_id|>\n\n<image>\nQ<|eot_id|>"
                    + "<|start_header_id|>assistant<|end_header_id|>\n\n"))
        #expect(try ChatTemplate.raw.prompt(for: question) == "Q")
    }

    @Test func severalTurnsGoOn() throws {
        let turns = question + [ChatMessage(.assistant, [.text("A")]), ChatMessage(.user, [.text("R")])]
        #expect(
            try ChatTemplate.vicuna.prompt(for: turns).hasSuffix("USER: <image>\nQ ASSISTANT: A</s>USER: R ASSISTANT:"))
        #expect(try ChatTemplate.mistral.prompt(for: turns) == "[INST] <image>\nQ [/INST] A </s>[INST] R [/INST]")
    }

    @Test(arguments: [
        "{% for x in y %}", "{{ 1 + }}", "{% if %}{% endif %}", "{{ 'a }}", "{% while true %}", "{{ x | nosuch }}",
        "{{ f() }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}", "{% set x = 1",
        "{{ [1, 2 }}",
    ])
    func brokenAndHostileTemplatesAreErrors(_ source: String) {
        #expect(throws: JinjaError.self) { try JinjaTemplate(source).render(["y": .list([])]) }
    }

    @Test func deepNestingIsAnError() {
        let source = "{{ " + String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000) + " }}"
        #expect(throws: JinjaError.self) { try JinjaTemplate(source) }
    }
}
