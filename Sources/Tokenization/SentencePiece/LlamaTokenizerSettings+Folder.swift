public import Foundation
import OrderedJSON

extension LlamaTokenizerSettings {
    /// Reads the files beside a `tokenizer.model` as Transformers 4.57 reads them: where `tokenizer_config.json` lists
    /// the added tokens, `special_tokens_map.json` and `added_tokens.json` are not looked at. A key that is null counts
    /// as false or none, one that is absent takes its default.
    ///
    /// - Throws: `TokenizerError` for a damaged file or another class of tokenizer. No file need exist.
    public init(folder: URL) throws(TokenizerError) {
        self.init()
        let config = try TokenizerSettingsFile(folder, "tokenizer_config.json")
        if let name = try config.text("tokenizer_class"), !["LlamaTokenizer", "LlamaTokenizerFast"].contains(name) {
            throw .unsupported(
                path: config.path, component: "the tokenizer class '\(name)'", supported: "LlamaTokenizer")
        }
        // Null is the one that does not mean false here.
        isLegacy = config.values["legacy"] == .null ? true : try config.flag("legacy") ?? true
        addsBeginning = try config.flag("add_bos_token") ?? true
        addsEnd = try config.flag("add_eos_token") ?? false
        addsPrefixSpace = try config.flag("add_prefix_space") ?? true

        try readSpecial(from: config)
        if let listed = try config.object("added_tokens_decoder") {
            for (key, value) in listed {
                guard var token = try config.token(value, key), let id = Int(key) else {
                    throw config.damaged("added_tokens_decoder.\(key)")
                }
                token.id = id
                added.append(token)
            }
        } else {
            try readSpecial(from: TokenizerSettingsFile(folder, "special_tokens_map.json"))
            let file = try TokenizerSettingsFile(folder, "added_tokens.json")
            for (content, value) in file.values {
                guard case .integer(let id) = value else { throw file.damaged(content) }
                added.append(AddedToken(content, id: id, isSpecial: false))
            }
        }
        added.sort { ($0.id ?? 0, $0.content) < ($1.id ?? 0, $1.content) }
    }

    private mutating func readSpecial(from file: TokenizerSettingsFile) throws(TokenizerError) {
        func read(_ key: String, into token: inout AddedToken?) throws(TokenizerError) {
            if let value = file.values[key] { token = try file.token(value, key) }
        }
        try read("bos_token", into: &beginning)
        try read("eos_token", into: &end)
        try read("unk_token", into: &unknown)
        for key in ["sep_token", "pad_token", "cls_token", "mask_token"] {
            var token: AddedToken?
            try read(key, into: &token)
            if let token, !otherSpecial.contains(token) { otherSpecial.append(token) }
        }
        for value in try file.list("additional_special_tokens") ?? [] {
            if let token = try file.token(value, "additional_special_tokens"), !otherSpecial.contains(token) {
                otherSpecial.append(token)
            }
        }
    }
}

/// A small JSON object whose keys may be absent, null, or of several kinds.
private struct TokenizerSettingsFile {
    let path: String
    /// Empty if there is no such file.
    let values: JSONObject

    init(_ folder: URL, _ name: String) throws(TokenizerError) {
        let url = folder.appending(path: name)
        path = url.path
        let data: Data
        do { data = try FileReading.data(at: url, limit: 16 << 20) } catch {
            guard case .missing = error else { throw error }
            values = JSONObject()
            return
        }
        let value: JSONValue
        do { value = try JSONValue(parsing: Array(data)) } catch {
            throw .malformed(path: path, reason: error.problem)
        }
        guard case .object(let object) = value else {
            throw .malformed(path: path, reason: "it is not the JSON of an object")
        }
        values = object
    }

    func damaged(_ key: String) -> TokenizerError {
        .malformed(path: path, reason: "'\(key)' is of the wrong kind")
    }

    /// Nil if absent.
    func flag(_ key: String) throws(TokenizerError) -> Bool? {
        switch values[key] {
        case nil: return nil
        case .null: return false
        case .bool(let value): return value
        default: throw damaged(key)
        }
    }

    func text(_ key: String) throws(TokenizerError) -> String? {
        switch values[key] {
        case nil, .null: return nil
        case .string(let value): return value
        default: throw damaged(key)
        }
    }

    func list(_ key: String) throws(TokenizerError) -> [JSONValue]? {
        switch values[key] {
        case nil, .null: return nil
        case .array(let value): return value
        default: throw damaged(key)
        }
    }

    func object(_ key: String) throws(TokenizerError) -> JSONObject? {
        switch values[key] {
        case nil: return nil
        case .object(let value): return value
        default: throw damaged(key)
        }
    }

    /// A token written as its text, or with its properties; nil if null.
    func token(_ value: JSONValue, _ key: String) throws(TokenizerError) -> LlamaTokenizerSettings.AddedToken? {
        switch value {
        case .null: return nil
        case .string(let content): return .init(content)
        case .object(let entries):
            guard case .string(let content)? = entries["content"] else { throw damaged(key) }
            return .init(
                content, isSpecial: entries["special"] == .bool(true), stripsLeft: entries["lstrip"] == .bool(true),
                stripsRight: entries["rstrip"] == .bool(true), isSingleWord: entries["single_word"] == .bool(true))
        default: throw damaged(key)
        }
    }
}
