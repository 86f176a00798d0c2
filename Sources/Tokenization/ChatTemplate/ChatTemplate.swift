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
    case jinja(JinjaTemplate, SpecialTokens)
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

    /// The prompt of a conversation that the assistant is to continue, as it is written; see ``writesBeginning(_:)``.
    ///
    /// The named ones follow the separators of the conversation tables of original LLaVA (`vicuna_v1`,
    /// `mistral_instruct`, `chatml_direct`) and LLaVA-NeXT (`llava_llama_3`), with `<image>` and a line break for each
    /// picture of a question before its text. Several system messages are joined by line breaks.
    ///
    /// - Throws: `JinjaError` from a checkpoint's template.
    public func prompt(for messages: [ChatMessage]) throws -> String {
        let instructions = messages.filter { $0.role == .system }.map(\.text).joined(separator: "\n")
        let system = instructions.isEmpty ? nil : instructions
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
                let lead = index == 0 ? system.map { "<<SYS>>\n\($0)\n<</SYS>>\n\n" } ?? "" : ""
                prompt += turn.role == .user ? "[INST] \(lead)\(turn.textWithPlaces) [/INST]" : " \(turn.text) </s>"
            }
            return prompt
        case .llama3:
            var prompt = ""
            for turn in [ChatMessage(.system, [.text(system ?? Self.llama3System)])] + turns {
                // Meta's own template trims every message.
                let text = (turn.role == .user ? turn.textWithPlaces : turn.text).trimmed()
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
        case .jinja(let template, let tokens): return try template.prompt(for: messages, tokens: tokens)
        }
    }

    /// Whether a prompt begins with the token that begins a text: then the tokenizer frames it no more, or that token would
    /// stand there twice (Transformers 4.57.6, `processing_utils.py`, `apply_chat_template`).
    public func writesBeginning(_ prompt: String) -> Bool {
        guard case .jinja(_, let tokens) = self, let begin = tokens.begin else { return false }
        return prompt.utf8.starts(with: begin.utf8)
    }
}

extension StringProtocol {
    /// Without white space at either end, as Python's `strip` does it.
    func trimmed() -> String {
        var scalars = String(self).unicodeScalars[...]
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return String(scalars)
    }
}
