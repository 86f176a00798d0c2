public import Foundation
import OrderedJSON

extension SentencePieceModel {
    /// The text of a `tokenizer.json` that gives the ids Transformers' `LlamaTokenizer` gives with this model.
    ///
    /// Follows `LlamaConverter` of Transformers 4.57 and departs from it where its own slow tokenizer, which runs
    /// SentencePiece itself, gives other ids: added tokens are always found in the text as it is written, leading
    /// spaces of a text are kept beside the one put before it, and in legacy form it is the model that says whether one
    /// is put there. Symbols that the model itself calls user-defined are added tokens, as there.
    ///
    /// - Complexity: that of `merges()`. Same input, same bytes.
    /// - Throws: `TokenizerError` if a token that is to frame the text has no name, or an added token no usable id.
    public func tokenizerJSON(
        _ settings: LlamaTokenizerSettings = LlamaTokenizerSettings()
    ) throws(TokenizerError) -> Data {
        let added = try settings.tokens(beside: pieces, path: path)
        let prefix = try frame(settings.addsBeginning ? settings.beginning : nil, settings.addsBeginning, added)
        let suffix = try frame(settings.addsEnd ? settings.end : nil, settings.addsEnd, added)

        var names = pieces.map(\.text)
        // As there: the first three pieces go by the names of their added tokens.
        for token in added { if let id = token.id, id < min(3, names.count) { names[id] = token.content } }
        let quoted = names.map { JSONText.quote($0) }

        var json = #"{"version":"1.0","truncation":null,"padding":null,"added_tokens":["#
        json += added.map { Self.text(of: $0) }.joined(separator: ",")
        json += #"],"normalizer":"# + normalizer(settings) + #","pre_tokenizer":"# + preTokenizer(settings)
        json += #","post_processor":"# + Self.postProcessor(prefix: prefix, suffix: suffix)
        json += #","decoder":"# + decoder(settings)
        json += #","model":{"type":"BPE","dropout":null,"unk_token":"# + quoted[unknownID]
        // The fallback is asked for even if there are no byte pieces, as there: then it does nothing.
        json += #","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":true,"byte_fallback":true"#
        json += #","ignore_merges":false,"vocab":{"#
        json += quoted.enumerated().map { "\($1):\($0)" }.joined(separator: ",")
        json += #"},"merges":["#
        json += merges().map { "[\(quoted[$0.left]),\(quoted[$0.right])]" }.joined(separator: ",")
        json += "]}}"
        return Data(json.utf8)
    }

    private func frame(
        _ token: LlamaTokenizerSettings.AddedToken?, _ isWanted: Bool, _ added: [LlamaTokenizerSettings.AddedToken]
    ) throws(TokenizerError) -> LlamaTokenizerSettings.AddedToken? {
        guard isWanted else { return nil }
        guard let name = token.map({ ByteExactString($0.content) }),
            let found = added.first(where: { ByteExactString($0.content) == name })
        else {
            throw .malformed(path: path, reason: "its settings ask for a first or last token but name none")
        }
        return found
    }

    private static func text(of token: LlamaTokenizerSettings.AddedToken) -> String {
        "{\"id\":\(token.id ?? 0),\"content\":\(JSONText.quote(token.content)),\"single_word\":\(token.isSingleWord)"
            + ",\"lstrip\":\(token.stripsLeft),\"rstrip\":\(token.stripsRight),\"normalized\":false"
            + ",\"special\":\(token.isSpecial)}"
    }

    private func normalizer(_ settings: LlamaTokenizerSettings) -> String {
        let spaces = #"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#
        let prepends = settings.isLegacy && addsDummyPrefix
        return #"{"type":"Sequence","normalizers":["#
            + (prepends ? #"{"type":"Prepend","prepend":"▁"},"# : "") + spaces + "]}"
    }

    /// Only the whole text's beginning is given a space. `Metaspace` would give none to a text that already begins with
    /// one, so the normalizer has turned all spaces before, a first `Metaspace` puts a new one, a second turns that.
    private func preTokenizer(_ settings: LlamaTokenizerSettings) -> String {
        guard !settings.isLegacy, settings.addsPrefixSpace else { return "null" }
        return #"{"type":"Sequence","pretokenizers":["#
            + #"{"type":"Metaspace","replacement":" ","prepend_scheme":"first","split":false},"#
            + #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":false}]}"#
    }

    private func decoder(_ settings: LlamaTokenizerSettings) -> String {
        let strips = settings.addsPrefixSpace || (settings.isLegacy && addsDummyPrefix)
        return #"{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},"#
            + #"{"type":"ByteFallback"},{"type":"Fuse"}"#
            + (strips ? #",{"type":"Strip","content":" ","start":1,"stop":0}"# : "") + "]}"
    }

    private static func postProcessor(
        prefix: LlamaTokenizerSettings.AddedToken?, suffix: LlamaTokenizerSettings.AddedToken?
    ) -> String {
        func sequence(_ name: String, _ type: Int) -> [String] {
            func special(_ token: LlamaTokenizerSettings.AddedToken) -> String {
                "{\"SpecialToken\":{\"id\":\(JSONText.quote(token.content)),\"type_id\":\(type)}}"
            }
            return [prefix].compactMap { $0.map(special) } + ["{\"Sequence\":{\"id\":\"\(name)\",\"type_id\":\(type)}}"]
                + [suffix].compactMap { $0.map(special) }
        }
        var tokens = [prefix, suffix].compactMap(\.self)
        if tokens.count == 2, tokens[0].id == tokens[1].id { tokens.removeLast() }
        let listed = tokens.map { token in
            let name = JSONText.quote(token.content)
            return "\(name):{\"id\":\(name),\"ids\":[\(token.id ?? 0)],\"tokens\":[\(name)]}"
        }
        return "{\"type\":\"TemplateProcessing\",\"single\":[\(sequence("A", 0).joined(separator: ","))]"
            + ",\"pair\":[\((sequence("A", 0) + sequence("B", 1)).joined(separator: ","))]"
            + ",\"special_tokens\":{\(listed.joined(separator: ","))}}"
    }
}
