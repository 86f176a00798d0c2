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
