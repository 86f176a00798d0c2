public import Foundation
import OrderedJSON

/// A byte-pair tokenizer read from a `tokenizer.json` of the Hugging Face `tokenizers` library: LLaMA-2 and Mistral
/// (with byte fallback), LLaMA-3 and Qwen2 (byte level). Written here because no Swift package for it can be had.
public struct Tokenizer: Sendable {
    /// Tokens of the vocabulary and added ones: ids run from 0 to this, not all need exist.
    public let vocabularySize: Int

    private let normalizer: Normalizer?
    private let preTokenizer: PreTokenizer?
    private let encoder: BytePairEncoder
    /// Found in the text as it is written.
    private let rawTokens: AddedTokens
    /// Found after normalisation.
    private let normalizedTokens: AddedTokens
    private let prefix: [Int32]
    private let suffix: [Int32]
    let decoder: TokenDecoder?
    private let ids: [ByteExactString: Int32]
    private let tokens: [Int32: String]
    private let special: Set<Int32>
    /// The ids of added tokens: what a checkpoint extended its vocabulary by, beyond which its table of embeddings may
    /// not reach.
    public let addedTokenIDs: [Int32]
    /// For chat templates; none without a `tokenizer_config.json`.
    public let specialTokens: SpecialTokens
    /// Keys of the tokenizer's files that are neither obeyed, nor refused, nor known to change nothing: to be named once.
    public let unknownKeys: [String]

    /// Reads a `tokenizer.json`, and `tokenizer_config.json` and `special_tokens_map.json` beside it.
    ///
    /// - Throws: `TokenizerError`.
    public init(contentsOf url: URL) throws {
        let configuration = try TokenizerConfiguration(folder: url.deletingLastPathComponent())
        try self.init(
            json: FileReading.data(at: url, limit: TokenizerFile.limits.bytes), path: url.path,
            configuration: configuration)
    }

    /// - Parameters:
    ///   - path: what errors call the file.
    ///   - configuration: what stands beside it.
    public init(json: Data, path: String, configuration: TokenizerConfiguration? = nil) throws {
        var file = try TokenizerFile(json: Array(json), path: path)
        guard file.model.type ?? "BPE" == "BPE" else {
            throw TokenizerError.unsupported(
                path: path, component: "the model '\(file.model.type ?? "")'", supported: "BPE")
        }
        guard file.model.dropout ?? 0 == 0 else {
            throw TokenizerError.unsupported(
                path: path, component: "dropout, which makes ids random,", supported: "a dropout of null")
        }
        guard file.model.continuing_subword_prefix ?? "" == "", file.model.end_of_word_suffix ?? "" == "" else {
            throw TokenizerError.unsupported(path: path, component: "a subword prefix or suffix", supported: "none")
        }
        guard let listed = file.model.vocabulary, let merges = file.model.merges else {
            throw TokenizerError.malformed(
                path: path, reason: "its vocab or its merges are missing or of the wrong kind")
        }
        let vocabulary = try Self.vocabulary(listed, path: path)
        // Before more are counted on from the highest.
        for token in file.added_tokens ?? [] { _ = try Self.id(token.id, of: token.content, path: path) }
        try configuration?.apply(to: &file, path: path)
        specialTokens = configuration?.specialTokens ?? SpecialTokens()
        unknownKeys = (configuration?.unknownKeys ?? []) + file.unknownKeys
        let added = file.added_tokens ?? []
        var ids = vocabulary
        var tokens: [Int32: String] = [:]
        for (text, id) in vocabulary {
            if let other = tokens.updateValue(text.text, forKey: id) {
                throw TokenizerError.malformed(
                    path: path, reason: "tokens '\(text.text)' and '\(other)' share the id \(id)")
            }
        }
        for token in added {
            let id = try Self.id(token.id, of: token.content, path: path)
            let text = ByteExactString(token.content)
            if let other = tokens[id], ByteExactString(other) != text, vocabulary[text] != nil {
                throw TokenizerError.malformed(
                    path: path, reason: "tokens '\(token.content)' and '\(other)' share the id \(id)")
            }
            ids[text] = id
            tokens[id] = token.content
        }
        self.ids = ids
        self.tokens = tokens
        vocabularySize = (tokens.keys.max()).map { Int($0) + 1 } ?? 0
        addedTokenIDs = added.map { Int32($0.id) }.sorted()
        special = Set(added.filter { $0.special ?? false }.map { Int32($0.id) })

        normalizer = try file.normalizer.map { (part) throws(TokenizerError) in try Normalizer(part, path: path) }
        preTokenizer = try file.pre_tokenizer.map { (part) throws(TokenizerError) in try PreTokenizer(part, path: path)
        }
        decoder = try file.decoder.map { (part) throws(TokenizerError) in try TokenDecoder(part, path: path) }
        encoder = try BytePairEncoder(file.model, merges: merges, vocabulary: vocabulary, path: path)
        func select(normalized: Bool) -> [TokenizerFile.AddedToken] {
            added.filter { ($0.normalized ?? false) == normalized }
        }
        rawTokens = AddedTokens(select(normalized: false).map { Self.token($0, content: $0.content) })
        let normalizer = normalizer
        normalizedTokens = AddedTokens(
            try select(normalized: true).map {
                Self.token($0, content: try normalizer?.apply(to: $0.content) ?? $0.content)
            })
        if let frame = file.frame {
            (prefix, suffix) = (frame.before.map { Int32($0) }, frame.behind.map { Int32($0) })
        } else {
            (prefix, suffix) = try Self.frame(file.post_processor, path: path)
        }
    }

    private static func vocabulary(
        _ listed: [(text: String, id: Int)], path: String
    ) throws -> [ByteExactString: Int32] {
        var result: [ByteExactString: Int32] = [:]
        result.reserveCapacity(listed.count)
        for (text, id) in listed {
            guard result.updateValue(try Self.id(id, of: text, path: path), forKey: ByteExactString(text)) == nil else {
                throw TokenizerError.malformed(path: path, reason: "the token '\(text)' is given twice")
            }
        }
        return result
    }

    private static func id(_ id: Int, of text: String, path: String) throws -> Int32 {
        guard id >= 0, id < 1 << 30 else {
            throw TokenizerError.malformed(path: path, reason: "token '\(text)' has the id \(id)")
        }
        return Int32(id)
    }

    private static func token(_ file: TokenizerFile.AddedToken, content: String) -> AddedTokens.Token {
        AddedTokens.Token(
            id: Int32(file.id), content: content, isSpecial: file.special ?? false,
            isSingleWord: file.single_word ?? false,
            stripsLeft: file.lstrip ?? false, stripsRight: file.rstrip ?? false)
    }

    /// Ids before and behind a single text.
    private static func frame(_ file: TokenizerFile.Component?, path: String) throws -> ([Int32], [Int32]) {
        guard let file else { return ([], []) }
        switch file.type {
        case "ByteLevel": return ([], [])
        case "Sequence":
            return try (file.processors ?? []).reduce(([], [])) { frame, part in
                let inner = try Self.frame(part, path: path)
                return (inner.0 + frame.0, frame.1 + inner.1)
            }
        case "TemplateProcessing":
            var (prefix, suffix): ([Int32], [Int32]) = ([], [])
            var isBehind = false
            for piece in file.single ?? [] {
                if piece.Sequence != nil { isBehind = true }
                guard let name = piece.SpecialToken?.id else { continue }
                guard let ids = file.special_tokens?[name]?.ids else {
                    throw TokenizerError.malformed(path: path, reason: "the template names the unknown token '\(name)'")
                }
                let tokens = try ids.map { id in
                    guard let token = Int32(exactly: id) else {
                        throw TokenizerError.malformed(path: path, reason: "the template holds the id \(id)")
                    }
                    return token
                }
                if isBehind { suffix += tokens } else { prefix += tokens }
            }
            return (prefix, suffix)
        default:
            throw TokenizerError.unsupported(
                path: path, component: "the post-processor '\(file.type)'",
                supported: "TemplateProcessing, ByteLevel, Sequence")
        }
    }
}

extension Tokenizer {
    /// The ids of a text.
    ///
    /// - Parameter addSpecialTokens: frames the ids as the file's post-processor asks (`<s>` for LLaMA).
    /// - Throws: `TokenizerError.textNotCut` where the file's own expressions take too long on the text.
    /// - Complexity: O(n log n), beside those expressions.
    public func encode(_ text: String, addSpecialTokens: Bool = true) throws(TokenizerError) -> [Int32] {
        var result = addSpecialTokens ? prefix : []
        var isFirst = true
        for piece in rawTokens.split(text[...]) {
            switch piece {
            case .token(let id): result.append(id)
            case .text(let part):
                let normal = try normalizer?.apply(to: String(part)) ?? String(part)
                for inner in normalizedTokens.split(normal[...]) {
                    switch inner {
                    case .token(let id): result.append(id)
                    case .text(let words):
                        for word in try preTokenizer?.apply(to: [words], isFirst: isFirst) ?? [words] {
                            encoder.encode(word, into: &result)
                        }
                    }
                    isFirst = false
                }
            }
            isFirst = false
        }
        if addSpecialTokens { result += suffix }
        return result
    }

    /// The ids of a prompt whose pictures stand for themselves: each stretch between two places is encoded as a text of
    /// its own, and only the first keeps the token that begins a text. So original LLaVA reads prompts
    /// (`tokenizer_image_token`), whose vocabulary has no token for a picture.
    ///
    /// - Parameters:
    ///   - place: what stands where a picture goes; not empty.
    ///   - id: put where a picture goes.
    ///   - addSpecialTokens: as for one text.
    /// - Throws: as for one text.
    public func encode(
        _ text: String, splitAt place: String, placing id: Int32, addSpecialTokens: Bool = true
    ) throws(TokenizerError) -> [Int32] {
        let chunks = text.utf8.split(separator: place.utf8, omittingEmptySubsequences: false)
        var result: [Int32] = []
        for (index, chunk) in chunks.enumerated() {
            let ids = try encode(String(Substring(chunk)), addSpecialTokens: addSpecialTokens)
            let isFramed = addSpecialTokens && ids.starts(with: prefix)
            result += index == 0 ? ids : [id] + (isFramed ? ids.dropFirst(prefix.count) : ids[...])
        }
        return result
    }

    /// The text of ids. Ids that do not exist are skipped.
    public func decode(_ ids: some Sequence<Int32>, skipSpecialTokens: Bool = true) -> String {
        let texts = ids.filter { !(skipSpecialTokens && special.contains($0)) }.compactMap { tokens[$0] }
        return decoder?.apply(to: texts).joined() ?? texts.joined(separator: " ")
    }

    public func id(of token: String) -> Int32? { ids[ByteExactString(token)] }
    public func token(of id: Int32) -> String? { tokens[id] }
    public func isSpecial(_ id: Int32) -> Bool { special.contains(id) }
}
