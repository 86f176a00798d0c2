/// Text that grows token by token, never ends within a UTF-8 character, and stops before a stop string.
///
/// What has been given out never changes. The whole equals `Tokenizer.decode` of all ids, except that a run of byte
/// tokens which turns invalid after a valid beginning keeps that beginning. Each step costs the bytes that wait, not
/// the length of the answer.
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    private var matcher: StopMatcher
    /// Ids whose text is not settled yet.
    private var waiting: [Int32] = []
    /// Stands for everything before: some decoders treat the first token apart, none looks further back.
    private var context: [Int32] = []
    private let letter: [Int32]
    /// A character takes at most four bytes; a few more tokens cover such as end within the next one.
    private static let longestWait = 8

    /// - Parameter stop: texts before which the text ends. Special tokens that are skipped are no part of the text.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true, stop: [String] = []) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
        matcher = StopMatcher(stop)
        letter = tokenizer.neutralContext
    }

    /// Whether a stop string was found. No text comes from then on.
    public var isStopped: Bool { matcher.isStopped }

    /// Adds a token.
    ///
    /// - Returns: the text that is certain now; may be empty.
    public mutating func append(_ id: Int32) -> String {
        guard tokenizer.token(of: id) != nil, !(skipSpecialTokens && tokenizer.isSpecial(id)) else { return "" }
        waiting.append(id)
        return matcher.append(settle(atEnd: false))
    }

    /// The text that was held back because it might have gone on. It may still hold a stop string: see `isStopped`.
    public mutating func finish() -> String { matcher.append(settle(atEnd: true)) + matcher.finish() }

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
