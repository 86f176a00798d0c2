extension JinjaTemplate {
    /// The prompt of a conversation.
    ///
    /// Templates of vision-language checkpoints take a message as a list of parts. Those of language models, which
    /// original checkpoints carry, take it as one string: they are given the text behind a line for each picture.
    ///
    /// - Throws: `JinjaError`.
    func prompt(for messages: [ChatMessage], bos: String, eos: String) throws(JinjaError) -> String {
        try render(messages, inParts: takesParts(bos: bos, eos: eos), bos: bos, eos: eos)
    }

    /// Whether a text given in parts comes out as it is. A template that knows only strings fails, or prints the list.
    private func takesParts(bos: String, eos: String) -> Bool {
        let probe = "probe-of-content"
        guard let text = try? render([ChatMessage(.user, [.text(probe)])], inParts: true, bos: bos, eos: eos) else {
            // One that fails on a string too may need more than one message: then parts, as most take them.
            return (try? render([ChatMessage(.user, [.text(probe)])], inParts: false, bos: bos, eos: eos)) == nil
        }
        return text.contains(probe) && !text.contains("\"\(probe)\"")
    }

    private func render(_ messages: [ChatMessage], inParts: Bool, bos: String, eos: String) throws(JinjaError) -> String
    {
        let list = messages.map { message in
            let content: JinjaValue =
                inParts
                ? .array(message.parts.map(\.templateValue))
                : .string(message.role == .user ? message.textWithPlaces : message.text)
            return JinjaValue.object([("role", .string(message.role.rawValue)), ("content", content)])
        }
        return try render([
            "messages": .array(list), "add_generation_prompt": .bool(true), "bos_token": .string(bos),
            "eos_token": .string(eos),
        ])
    }
}

extension ChatMessage.Part {
    fileprivate var templateValue: JinjaValue {
        switch self {
        case .image: .object([("type", .string("image"))])
        case .text(let text): .object([("type", .string("text")), ("text", .string(text))])
        }
    }
}
