public import Foundation
import OrderedJSON

/// What `tokenizer_config.json` says beside a `tokenizer.json`, as Transformers 4.57 reads it
/// (`tokenization_utils_base.py`, `tokenization_utils_fast.py` and the classes' own files).
public struct TokenizerConfiguration: Sendable {
    /// What a class of tokenizers takes where the file says nothing.
    private struct Family {
        var begins: Bool
        var ends: Bool
        var tokens: [String: String]
    }

    /// Classes that make the post-processor anew from their settings, whatever the `tokenizer.json` holds. All others
    /// keep the file's.
    private static let families: [String: Family] = {
        var families: [String: Family] = [:]
        let llama = Family(begins: true, ends: false, tokens: ["bos": "<s>", "eos": "</s>", "unk": "<unk>"])
        let gemma = Family(
            begins: true, ends: false, tokens: ["bos": "<bos>", "eos": "<eos>", "unk": "<unk>", "pad": "<pad>"])
        let neox = Family(
            begins: false, ends: false,
            tokens: ["bos": "<|endoftext|>", "eos": "<|endoftext|>", "unk": "<|endoftext|>"])
        let cohere = Family(
            begins: true, ends: false,
            tokens: ["bos": "<BOS_TOKEN>", "eos": "<|END_OF_TURN_TOKEN|>", "unk": "<UNK>"])
        for (name, family) in [
            ("Llama", llama), ("CodeLlama", llama), ("Gemma", gemma), ("GPTNeoX", neox), ("Cohere", cohere),
        ] {
            families[name + "Tokenizer"] = family
            families[name + "TokenizerFast"] = family
        }
        return families
    }()

    /// What errors call the file.
    let path: String
    /// Added to what the tokenizer's file adds, in this order; one that stands there with other properties replaces it.
    private(set) var tokens: [TokenizerFile.AddedToken] = []
    /// Whether the post-processor is made anew, and of what.
    private(set) var frame: (begins: String?, ends: String?)?
    private(set) var addsPrefixSpace: Bool?
    private(set) var isLlama = false
    /// For chat templates.
    private(set) var specialTokens = SpecialTokens()
    /// Keys of the file that are neither obeyed, nor refused, nor known to change nothing.
    public private(set) var unknownKeys: [String] = []

    /// Reads the files of a folder; nil where it has no `tokenizer_config.json`.
    ///
    /// - Throws: `TokenizerError` for a damaged file, and for settings that cannot be obeyed.
    public init?(folder: URL) throws(TokenizerError) {
        let file = try TokenizerSettingsFile(folder, "tokenizer_config.json")
        guard file.exists else { return nil }
        // As there: a list of added tokens makes the older files unnecessary.
        let map =
            file.values["added_tokens_decoder"] == nil
            ? try TokenizerSettingsFile(folder, "special_tokens_map.json") : nil
        try self.init(file, map)
    }

    init(_ file: TokenizerSettingsFile, _ map: TokenizerSettingsFile?) throws(TokenizerError) {
        path = file.path
        unknownKeys = TokenizerKeys.unknown(inConfiguration: file.values)
        guard try file.flag("split_special_tokens") != true else {
            throw .unsupported(
                path: path, component: "split_special_tokens = true, which cuts the place of a picture to pieces,",
                supported: "false")
        }
        let name = try file.text("tokenizer_class") ?? ""
        let family = Self.families[name]
        isLlama = ["LlamaTokenizer", "LlamaTokenizerFast"].contains(name)
        addsPrefixSpace = file.values["add_prefix_space"] == .null ? nil : try file.flag("add_prefix_space")
        try readListed(file)

        var named: [String: TokenizerFile.AddedToken] = [:]
        for key in ["bos", "eos", "unk", "sep", "pad", "cls", "mask"] {
            let token = try Self.special(key + "_token", file, map, standard: family?.tokens[key])
            if let token {
                named[key] = token
                specialTokens.named[key + "_token"] = token.content
                add(token)
            }
        }
        var additional = try file.list("additional_special_tokens") ?? []
        if additional.isEmpty, let map { additional = try map.list("additional_special_tokens") ?? [] }
        for value in additional {
            if let token = try file.token(value, "additional_special_tokens") {
                add(Self.token(token, isSpecial: true))
                specialTokens.additional.append(token.content)
            }
        }
        if case .object(let extra)? = file.values["extra_special_tokens"] {
            for (key, value) in extra {
                if let token = try file.token(value, "extra_special_tokens.\(key)") {
                    specialTokens.named[key] = token.content
                    add(Self.token(token, isSpecial: true))
                }
            }
        }
        if let family {
            frame = (
                try Self.framing("add_bos_token", family.begins, named["bos"], file),
                try Self.framing("add_eos_token", family.ends, named["eos"], file)
            )
        }
    }

    private mutating func readListed(_ file: TokenizerSettingsFile) throws(TokenizerError) {
        guard let listed = try file.object("added_tokens_decoder") else { return }
        var found: [(id: Int, token: TokenizerFile.AddedToken)] = []
        for (key, value) in listed {
            guard let id = Int(key), let token = try file.token(value, "added_tokens_decoder.\(key)") else {
                throw file.damaged("added_tokens_decoder.\(key)")
            }
            found.append((id, Self.token(token, isSpecial: token.isSpecial)))
        }
        tokens = found.sorted { $0.id < $1.id }.map(\.token)
    }

    /// Only one that the tokenizer's file does not add: those that it does keep their properties.
    private mutating func add(_ token: TokenizerFile.AddedToken) {
        var token = token
        token.keepsOlder = true
        tokens.append(token)
    }

    private static func special(
        _ key: String, _ file: TokenizerSettingsFile, _ map: TokenizerSettingsFile?, standard: String?
    ) throws(TokenizerError) -> TokenizerFile.AddedToken? {
        if let value = map?.values[key], value != .null, let token = try map?.token(value, key) {
            return Self.token(token, isSpecial: true)
        }
        guard let value = file.values[key] else {
            return standard.map { TokenizerFile.AddedToken(special: $0) }
        }
        return try file.token(value, key).map { Self.token($0, isSpecial: true) }
    }

    private static func token(_ token: LlamaTokenizerSettings.AddedToken, isSpecial: Bool) -> TokenizerFile.AddedToken {
        TokenizerFile.AddedToken(
            id: -1, content: token.content, single_word: token.isSingleWord, lstrip: token.stripsLeft,
            rstrip: token.stripsRight, normalized: token.isNormalized ?? !isSpecial, special: isSpecial)
    }

    /// The token that frames every text on one side; nil for none.
    private static func framing(
        _ key: String, _ standard: Bool, _ token: TokenizerFile.AddedToken?, _ file: TokenizerSettingsFile
    ) throws(TokenizerError) -> String? {
        guard try file.flag(key) ?? standard else { return nil }
        guard let token else {
            throw .malformed(path: file.path, reason: "'\(key)' is true, but there is no such token")
        }
        return token.content
    }
}
