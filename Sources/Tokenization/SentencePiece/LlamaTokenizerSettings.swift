import OrderedJSON

/// What stands beside a SentencePiece model of the LLaMA family and says how text is handled around it: the arguments of
/// Transformers' `LlamaTokenizer`, with its defaults.
public struct LlamaTokenizerSettings: Sendable, Equatable {
    /// A token found in text before it is cut.
    public struct AddedToken: Sendable, Equatable {
        public var content: String
        /// Nil where the vocabulary decides, or the first free id behind it.
        public var id: Int?
        public var isSpecial: Bool
        /// Takes the white space before it.
        public var stripsLeft: Bool
        /// Takes the white space behind it.
        public var stripsRight: Bool
        /// Found only where no letter or digit touches it.
        public var isSingleWord: Bool
        /// Found in the text after it is normalised; nil where the file does not say. Only beside a `tokenizer.json`.
        public var isNormalized: Bool?

        public init(
            _ content: String, id: Int? = nil, isSpecial: Bool = true, stripsLeft: Bool = false,
            stripsRight: Bool = false, isSingleWord: Bool = false, isNormalized: Bool? = nil
        ) {
            self.content = content
            self.id = id
            self.isSpecial = isSpecial
            self.stripsLeft = stripsLeft
            self.stripsRight = stripsRight
            self.isSingleWord = isSingleWord
            self.isNormalized = isNormalized
        }
    }

    /// Whether every stretch of text between added tokens begins with a space, rather than the whole text alone.
    public var isLegacy = true
    /// Whether ids begin with `beginning`.
    public var addsBeginning = true
    /// Whether ids end with `end`.
    public var addsEnd = false
    /// Whether text begins as if a space stood before it. Where `isLegacy`, the model decides for itself.
    public var addsPrefixSpace = true
    public var beginning: AddedToken? = AddedToken("<s>")
    public var end: AddedToken? = AddedToken("</s>")
    public var unknown: AddedToken? = AddedToken("<unk>")
    /// Padding and the like, in the order in which they take free ids.
    public var otherSpecial: [AddedToken] = []
    /// Tokens with ids of their own.
    public var added: [AddedToken] = []

    public init() {}
}

extension LlamaTokenizerSettings {
    /// All added tokens with their ids, by id.
    ///
    /// - Throws: `TokenizerError.malformed` for an id that no vocabulary has.
    func tokens(beside pieces: [SentencePieceModel.Piece], path: String) throws(TokenizerError) -> [AddedToken] {
        var all: [Int: AddedToken] = [:]
        for token in added where !token.content.isEmpty {
            guard let id = token.id, (0..<(1 << 30)).contains(id) else {
                throw .malformed(path: path, reason: "the added token '\(token.content)' has no usable id")
            }
            all[id] = token
        }
        var ids: [ByteExactString: Int] = [:]
        ids.reserveCapacity(pieces.count)
        // An added token hides the piece whose id it has.
        for (id, piece) in pieces.enumerated() { ids[ByteExactString(all[id]?.content ?? piece.text)] = id }
        for (id, token) in all { ids[ByteExactString(token.content)] = id }

        // The first free id counts names, not the highest id, as in Transformers.
        var free = ids.count
        for var token in [beginning, end, unknown].compactMap(\.self) + otherSpecial where !token.content.isEmpty {
            token.isSpecial = true
            let name = ByteExactString(token.content)
            if let id = ids[name] {
                // Listed tokens keep how they strip.
                if all[id] == nil { all[id] = token }
                all[id]?.isSpecial = true
            } else {
                ids[name] = free
                all[free] = token
                free += 1
            }
        }
        for (id, piece) in pieces.enumerated() where piece.kind == .userDefined && all[id] == nil {
            all[id] = AddedToken(piece.text, isSpecial: false)
        }
        return all.sorted { $0.key < $1.key }.map { id, token in
            var token = token
            token.id = id
            return token
        }
    }
}
