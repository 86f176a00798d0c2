/// How a conversation becomes one prompt.
public enum ChatTemplate: Sendable {
    /// Vicuna v1, as LLaVA-1.5 and LLaVA-1.6 with Vicuna were trained.
    case vicuna
    /// Mistral instruct.
    case mistral
    case llama3
    /// ChatML, as LLaVA-1.6 with Hermes-Yi was trained.
    case chatML
    /// A checkpoint's own template.
    case jinja(JinjaTemplate, bos: String, eos: String)
    /// The last message's text as it is, with `<image>` where pictures go.
    case raw

    /// Where a picture goes.
    public static let imagePlace = "<image>"

    /// The templates that have a name on the command line.
    public static let named: [(name: String, template: ChatTemplate)] = [
        ("vicuna", .vicuna), ("mistral", .mistral), ("llama3", .llama3), ("chatml", .chatML), ("raw", .raw),
    ]

    private static let vicunaSystem =
        "A chat between a curious user and an artificial intelligence assistant. "
        + "The assistant gives helpful, detailed, and polite answers to the user's questions."
    private static let llama3System =
        "You are a helpful language and vision assistant. "
        + "You are able to understand the visual content that the user provides, "
        + "and assist the user with a variety of tasks using natural language."

    /// The prompt of a conversation that the assistant is to continue. The tokenizer adds its own first token.
    ///
    /// - Throws: `JinjaError` from a checkpoint's template.
    public func prompt(for messages: [ChatMessage]) throws -> String {
        let system = messages.first { $0.role == .system }?.text
        let turns = messages.filter { $0.role != .system }
        switch self {
        case .raw: return messages.last?.text ?? ""
        case .vicuna:
            var prompt = (system ?? Self.vicunaSystem) + " "
            for turn in turns {
                prompt +=
                    turn.role == .user ? "USER: \(turn.textWithPlaces) " : "ASSISTANT: \(turn.text)</s>"
            }
            return prompt + "ASSISTANT:"
        case .mistral:
            var prompt = ""
            for (index, turn) in turns.enumerated() {
                let lead = index == 0 ? system.map { $0 + "\n\n" } ?? "" : ""
                prompt += turn.role == .user ? "[INST] \(lead)\(turn.textWithPlaces) [/INST]" : " \(turn.text)</s>"
            }
            return prompt
        case .llama3:
            var prompt = "<|start_header_id|>system<|end_header_id|>\n\n\(system ?? Self.llama3System)<|eot_id|>"
            for turn in turns {
                let text = turn.role == .user ? turn.textWithPlaces : turn.text
                prompt += "<|start_header_id|>\(turn.role.rawValue)<|end_header_id|>\n\n\(text)<|eot_id|>"
            }
            return prompt + "<|start_header_id|>assistant<|end_header_id|>\n\n"
        case .chatML:
            var prompt = "<|im_start|>system\n\(system ?? "Answer the questions.")<|im_end|>"
            for turn in turns {
                let text = turn.role == .user ? turn.textWithPlaces : turn.text
                prompt += "<|im_start|>\(turn.role.rawValue)\n\(text)<|im_end|>"
            }
            return prompt + "<|im_start|>assistant\n"
        case .jinja(let template, let bos, let eos):
            let list = messages.map { message in
                JinjaValue.object([
                    ("role", .string(message.role.rawValue)),
                    (
                        "content",
                        .array(
                            message.parts.map { part in
                                switch part {
                                case .image: .object([("type", .string("image"))])
                                case .text(let text): .object([("type", .string("text")), ("text", .string(text))])
                                }
                            })
                    ),
                ])
            }
            let text = try template.render([
                "messages": .array(list), "add_generation_prompt": .bool(true), "bos_token": .string(bos),
                "eos_token": .string(eos),
            ])
            // The tokenizer adds the first token itself: a template that writes it too would double it.
            return !bos.isEmpty && text.hasPrefix(bos) ? String(text.dropFirst(bos.count)) : text
        }
    }
}
