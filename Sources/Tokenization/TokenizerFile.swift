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
    }

    struct Model: Decodable {
        var type: String?
        /// The vocabulary is read apart (`JSONVocabularyReader`).
        var merges: [Merge]
        var unk_token: String?
        var fuse_unk: Bool?
        var byte_fallback: Bool?
        var ignore_merges: Bool?
        var continuing_subword_prefix: String?
        var end_of_word_suffix: String?
        var dropout: Double?
    }

    /// Older files write "a b", newer ones ["a", "b"].
    struct Merge: Decodable {
        var left: String
        var right: String

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                // Scalars: the second part may begin with a mark that joins the space to one character.
                guard let space = text.unicodeScalars.firstIndex(of: " ") else {
                    throw DecodingError.dataCorrupted(
                        .init(codingPath: decoder.codingPath, debugDescription: "a merge needs two parts"))
                }
                left = String(text.unicodeScalars[..<space])
                right = String(text.unicodeScalars[space...].dropFirst())
            } else {
                var parts = try decoder.unkeyedContainer()
                left = try parts.decode(String.self)
                right = try parts.decode(String.self)
            }
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
}
