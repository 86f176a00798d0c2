public import Foundation

/// From the tokenizer files of an original LLaVA checkpoint to a `tokenizer.json`.
public enum TokenizerConversion {
    /// The text of a `tokenizer.json` for a folder that holds a SentencePiece `tokenizer.model` and, where present,
    /// `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`.
    ///
    /// - Throws: `TokenizerError`; `.missing` without a `tokenizer.model`.
    public static func tokenizerJSON(folder: URL) throws(TokenizerError) -> Data {
        let model = try SentencePieceModel(contentsOf: folder.appending(path: "tokenizer.model"))
        return try model.tokenizerJSON(LlamaTokenizerSettings(folder: folder))
    }
}
