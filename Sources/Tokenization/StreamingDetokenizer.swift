/// Text that grows token by token and never ends within a UTF-8 character.
///
/// What has been given out never changes. The whole equals `Tokenizer.decode` of all ids, except that a run of byte
/// tokens which turns invalid after a valid beginning keeps that beginning. Each step costs the bytes that wait, not
/// the length of the answer.
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    /// Ids whose text is not settled yet.
    private var waiting: [Int32] = []
    /// Stands for everything before: some decoders treat the first token apart, none looks further back. A letter, so
    /// that it cannot join bytes that follow.
    private var context: [Int32] = []
    private let letter: [Int32]
    /// A character takes at most four bytes; a few more tokens cover such as end within the next one.
    private static let longestWait = 8

    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
        letter = "aeio0".compactMap { tokenizer.id(of: String($0)) }.prefix(1).map { $0 }
    }

    /// Adds a token.
    ///
    /// - Returns: the text that is certain now; may be empty.
    public mutating func append(_ id: Int32) -> String {
        guard tokenizer.token(of: id) != nil, !(skipSpecialTokens && tokenizer.isSpecial(id)) else { return "" }
        waiting.append(id)
        return settle(atEnd: false)
    }

    /// The text that was held back because it might have gone on.
    public mutating func finish() -> String { settle(atEnd: true) }

    private mutating func settle(atEnd: Bool) -> String {
        guard !waiting.isEmpty else { return "" }
        let before = tokenizer.decode(context, skipSpecialTokens: skipSpecialTokens)
        let all = tokenizer.decode(context + waiting, skipSpecialTokens: skipSpecialTokens)
        // Half a character decodes to the replacement character.
        if !atEnd, all.unicodeScalars.last == "\u{FFFD}", waiting.count < Self.longestWait { return "" }
        guard let text = all.dropping(before) else { return "" }
        context = letter
        waiting.removeAll(keepingCapacity: true)
        return text
    }
}

extension String {
    /// What follows a prefix, compared byte by byte.
    fileprivate func dropping(_ prefix: String) -> String? {
        guard utf8.starts(with: prefix.utf8) else { return nil }
        return String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }
}
