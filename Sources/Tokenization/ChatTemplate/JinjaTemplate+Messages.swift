extension JinjaTemplate {
    /// The prompt of a conversation.
    ///
    /// Templates of vision-language checkpoints take a message as a list of parts. Those of language models, which
    /// original checkpoints carry, take it as one string: they are given the text behind a line for each picture.
    ///
    /// - Throws: `JinjaError`.
    func prompt(for messages: [ChatMessage], tokens: SpecialTokens) throws(JinjaError) -> String {
        try render(messages, inParts: takesParts(tokens), tokens)
    }

    /// Whether a text given in parts comes out as it is. A template that knows only strings fails, or prints the list.
    private func takesParts(_ tokens: SpecialTokens) -> Bool {
        let probe = "probe-of-content"
        guard let text = try? render([ChatMessage(.user, [.text(probe)])], inParts: true, tokens) else {
            // One that fails on a string too may need more than one message: then parts, as most take them.
            return (try? render([ChatMessage(.user, [.text(probe)])], inParts: false, tokens)) == nil
        }
        return text.contains(probe) && !text.contains("\"\(probe)\"") && !text.contains("'\(probe)'")
    }

    private func render(
        _ messages: [ChatMessage], inParts: Bool, _ tokens: SpecialTokens
    ) throws(JinjaError) -> String {
        let list = messages.map { message in
            let content: JinjaValue =
                inParts
                ? .list(message.parts.map(\.templateValue))
                : .string(message.role == .user ? message.textWithPlaces : message.text)
            return JinjaValue.dictionary([("role", .string(message.role.rawValue)), ("content", content)])
        }
        // As Transformers gives them where a conversation has neither tools nor documents.
        var values: [String: JinjaValue] = [
            "messages": .list(list), "add_generation_prompt": .bool(true), "tools": .none, "documents": .none,
        ]
        for (name, text) in tokens.named where values[name] == nil { values[name] = .string(text) }
        if !tokens.additional.isEmpty {
            values["additional_special_tokens"] = .list(tokens.additional.map(JinjaValue.string))
        }
        return try render(values)
    }
}

extension ChatMessage.Part {
    fileprivate var templateValue: JinjaValue {
        switch self {
        case .image: .dictionary([("type", .string("image"))])
        case .text(let text): .dictionary([("type", .string("text")), ("text", .string(text))])
        }
    }
}

extension JinjaValue {
    /// For values of our own, which are flat.
    static func list(_ items: [JinjaValue]) -> JinjaValue {
        .sequence(JinjaSequence(.list, items, depth: (items.map(\.depth).max() ?? 0) + 1))
    }

    /// For values of our own, which are flat; a key that is given twice keeps its last value.
    static func dictionary(_ pairs: [(String, JinjaValue)]) -> JinjaValue {
        let dictionary = JinjaDictionary()
        for (key, value) in pairs { dictionary.set(key, value) }
        return .dictionary(dictionary)
    }
}
