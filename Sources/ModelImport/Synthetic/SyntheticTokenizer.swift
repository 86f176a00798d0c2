import Foundation

/// A tokenizer of LLaMA's form: the words of the usual prompts are tokens, as they are in real vocabularies, any other
/// text is encoded letter by letter, and the rest of the tokens are made-up words.
struct SyntheticTokenizer {
    /// Special tokens behind the vocabulary, by their ids, which follow each other.
    let added: [(id: Int, content: String)]

    private static let words = """
        A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, \
        and polite answers to the user's questions. USER: ASSISTANT: What is in the picture? Answer the question using \
        a single word or phrase. How much does this cost? Describe image
        """

    /// Every beginning of two letters or more of the known words, the shorter before the longer: each is one letter
    /// more than another, which makes a merge.
    private static func prefixes() -> [String] {
        var found: Set<String> = []
        for word in words.split(whereSeparator: \.isWhitespace) {
            let spelled = "\u{2581}" + word
            for length in 2...max(spelled.count, 2) { found.insert(String(spelled.prefix(length))) }
        }
        return found.sorted { ($0.count, $0) < ($1.count, $1) }
    }

    func json() throws -> Data {
        var tokens = ["<unk>", "<s>", "</s>"]
        tokens += (0..<256).map { String(format: "<0x%02X>", $0) }
        tokens += ["\u{2581}"] + (33...126).map { String(UnicodeScalar($0)) }
        let known = Self.prefixes()
        let isKnown = Set(known)
        tokens += known
        let onsets = "b d f g h k l m n p r s t v z".split(separator: " ")
        let vowels = "a e i o u".split(separator: " ")
        let syllables = onsets.flatMap { onset in vowels.map { "\(onset)\($0)" } }
        var index = 0
        while tokens.count < added[0].id {
            let (first, second, third) = (index % 75, index / 75 % 75, index / 5625)
            let word = "\u{2581}" + syllables[first] + syllables[second] + (third > 0 ? syllables[third - 1] : "")
            if !isKnown.contains(word) { tokens.append(word) }
            index += 1
        }
        let vocabulary = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
        func special(_ id: Int, _ content: String) -> [String: Any] {
            [
                "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true,
            ]
        }
        let begin: [String: Any] = ["id": "<s>", "ids": [1], "tokens": ["<s>"]]
        let specials =
            [special(0, "<unk>"), special(1, "<s>"), special(2, "</s>")] + added.map { special($0.id, $0.content) }
        let file: [String: Any] = [
            "version": "1.0",
            "added_tokens": specials,
            "normalizer": [
                "type": "Sequence",
                "normalizers": [
                    ["type": "Prepend", "prepend": "\u{2581}"],
                    ["type": "Replace", "pattern": ["String": " "], "content": "\u{2581}"],
                ],
            ],
            "post_processor": [
                "type": "TemplateProcessing",
                "single": [
                    ["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
                ],
                "pair": [], "special_tokens": ["<s>": begin],
            ],
            "decoder": [
                "type": "Sequence",
                "decoders": [
                    ["type": "Replace", "pattern": ["String": "\u{2581}"], "content": " "],
                    ["type": "ByteFallback"], ["type": "Fuse"],
                    ["type": "Strip", "content": " ", "start": 1, "stop": 0],
                ],
            ],
            "model": [
                "type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": vocabulary,
                "merges": known.map { [String($0.dropLast()), String($0.suffix(1))] },
            ],
        ]
        return try JSONSerialization.data(withJSONObject: file, options: .sortedKeys)
    }
}
