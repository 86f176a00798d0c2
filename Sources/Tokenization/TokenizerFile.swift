// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation

/// `tokenizer.json` as it is written by the Hugging Face `tokenizers` library.
struct TokenizerFile: Decodable {
    struct AddedToken: Decodable {
        var id: Int
        var content: String
        var single_word: Bool?
        var lstrip: Bool?
        var rstrip: Bool?
        var normalized: Bool?
        var special: Bool?
        /// Set where settings name a token: one of the file stays as it is.
        var keepsOlder = false

        private enum CodingKeys: CodingKey { case id, content, single_word, lstrip, rstrip, normalized, special }
    }

    struct Model: Decodable {
        var type: String?
        /// In the file's order; nil without a `vocab`, or with one that is no object.
        var vocabulary: [(text: String, id: Int)]?
        /// Nil without `merges`, or with ones that are no list.
        var merges: [(left: String, right: String)]?
        var unk_token: String?
        var fuse_unk: Bool?
        var byte_fallback: Bool?
        var ignore_merges: Bool?
        var continuing_subword_prefix: String?
        var end_of_word_suffix: String?
        var dropout: Double?

        // Vocabulary and merges are read apart.
        private enum CodingKeys: CodingKey {
            case type, unk_token, fuse_unk, byte_fallback, ignore_merges, continuing_subword_prefix, end_of_word_suffix
            case dropout
        }
    }

    /// A literal or a regular expression.
    enum Pattern: Decodable, Equatable {
        case literal(String)
        case expression(String)

        private enum Keys: String, CodingKey { case String, Regex }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            if let text = try container.decodeIfPresent(Swift.String.self, forKey: .String) {
                self = .literal(text)
            } else {
                self = .expression(try container.decode(Swift.String.self, forKey: .Regex))
            }
        }
    }

    /// Any normaliser, pre-tokeniser, post-processor or decoder: they differ in which keys they use.
    final class Component: Decodable {
        var type: String
        var normalizers: [Component]?
        var pretokenizers: [Component]?
        var processors: [Component]?
        var decoders: [Component]?
        var prepend: String?
        var pattern: Pattern?
        var replacement: String?
        var prepend_scheme: String?
        var split: Bool?
        var add_prefix_space: Bool?
        var use_regex: Bool?
        var behavior: String?
        var invert: Bool?
        var individual_digits: Bool?
        var strip_left: Bool?
        var strip_right: Bool?
        var start: Int?
        var stop: Int?
        /// Text of `Replace` and `Strip`.
        var content: String?
        var single: [Piece]?
        var special_tokens: [String: Special]?
    }

    /// A place in a post-processor's template.
    struct Piece: Decodable {
        struct Name: Decodable { var id: String }
        var SpecialToken: Name?
        var Sequence: Name?
    }

    struct Special: Decodable {
        var ids: [Int]
    }

    var added_tokens: [AddedToken]?
    var normalizer: Component?
    var pre_tokenizer: Component?
    var post_processor: Component?
    var decoder: Component?
    var model: Model
    /// Set where settings replace the post-processor: ids before and behind a text.
    var frame: (before: [Int], behind: [Int])?
    /// Keys in no table of `TokenizerKeys`.
    var unknownKeys: [String] = []

    private enum CodingKeys: CodingKey { case added_tokens, normalizer, pre_tokenizer, post_processor, decoder, model }
}

extension TokenizerFile.AddedToken {
    /// A special token of which only the text is known.
    init(special content: String) {
        self.init(
            id: -1, content: content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true
        )
    }
}
