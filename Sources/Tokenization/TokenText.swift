extension Tokenizer {
    /// A token's own text as it stands within an answer: with its space in front, if it has one, and with special
    /// tokens spelled out. The replacement character stands for bytes that are no whole character by themselves.
    ///
    /// - Returns: nil for an id that the tokenizer does not know.
    public func text(of id: Int32) -> String? {
        guard token(of: id) != nil else { return nil }
        let context = neutralContext
        let before = decode(context, skipSpecialTokens: false)
        let both = decode(context + [id], skipSpecialTokens: false)
        return both.dropping(before) ?? decode([id], skipSpecialTokens: false)
    }

    /// A token to decode others after, as some decoders treat the first token apart. A letter, so that it cannot join
    /// bytes that follow; none if the tokenizer has no token for a letter.
    var neutralContext: [Int32] {
        "aeio0".compactMap { id(of: String($0)) }.prefix(1).map { $0 }
    }
}

extension String {
    /// What follows a prefix, compared byte by byte.
    func dropping(_ prefix: String) -> String? {
        guard utf8.starts(with: prefix.utf8) else { return nil }
        return String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }
}
