import Failures
import Foundation
import OrderedJSON
import Testing

@testable import Tokenization

/// What Transformers and the tokenizers library gave (tools/fixtures/tokenizer_settings.py).
private struct SettingsFixture: Decodable {
    struct Case: Decodable {
        var tokenizer: String
        /// JSON: keys of the file that are replaced.
        var change: String
        /// JSON: `tokenizer_config.json`.
        var config: String
        /// JSON: `special_tokens_map.json`.
        var special: String?
        /// Nil where Transformers refuses.
        var ids: [[Int32]]?
        var size: Int?
    }
    struct Kinds: Decodable {
        var kinds: [String: [UInt32]]
        var maps: [String: String]
        var folded: [UInt32]
    }

    var texts: [String]
    var cases: [Case]
    var unicode: Kinds

    static func load() throws -> SettingsFixture {
        try JSONDecoder().decode(SettingsFixture.self, from: Data(contentsOf: TokenizationFixture.url("settings")))
    }
}

@Suite struct TokenizerSettingsTests {
    /// A folder with a tokenizer's files, for the time of a test.
    private func withFolder<Result>(_ files: [String: String], _ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return try body(folder)
    }

    private func load(_ name: String, change: String = "{}", config: String?, special: String? = nil) throws
        -> Tokenizer
    {
        guard case .object(var file) = try JSONValue(parsing: Array(Data(contentsOf: TokenizationFixture.url(name)))),
            case .object(let change) = try JSONValue(parsing: Array(change.utf8))
        else { throw CocoaError(.fileReadCorruptFile) }
        var changed = JSONObject()
        for (key, value) in file { changed.append(key, change[key] ?? value) }
        file = changed
        var files = [
            "tokenizer.json": String(decoding: try JSONEncoder().encode(JSONValue.object(file)), as: UTF8.self)
        ]
        files["tokenizer_config.json"] = config
        files["special_tokens_map.json"] = special
        return try withFolder(files) { try Tokenizer(contentsOf: $0.appending(path: "tokenizer.json")) }
    }

    @Test func idsUnderSettingsAreThoseOfTransformers() throws {
        let fixture = try SettingsFixture.load()
        #expect(fixture.cases.count >= 35)
        for example in fixture.cases {
            let what = "\(example.tokenizer) \(example.change) \(example.config) \(example.special ?? "")"
            guard let expected = example.ids else {
                #expect(throws: TokenizerError.self, "\(what)") {
                    try load(
                        example.tokenizer, change: example.change, config: example.config, special: example.special)
                }
                continue
            }
            let tokenizer = try load(
                example.tokenizer, change: example.change, config: example.config, special: example.special)
            for (text, ids) in zip(fixture.texts, expected) {
                #expect(try tokenizer.encode(text) == ids, "\(what) \(text.debugDescription)")
            }
            #expect(tokenizer.unknownKeys.isEmpty, "\(what)")
        }
    }

    @Test(arguments: [
        (#"{"split_special_tokens": true}"#, "split_special_tokens"),
        (#"{"tokenizer_class": "LlamaTokenizer", "add_prefix_space": false}"#, "add_prefix_space"),
        (#"{"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": "false"}"#, "add_bos_token"),
        (#"{"added_tokens_decoder": {"x": {"content": "a"}}}"#, "added_tokens_decoder"),
        (#"{"added_tokens_decoder": []}"#, "added_tokens_decoder"), (#"{"pad_token": 5}"#, "pad_token"),
        (#"{"additional_special_tokens": "<x>"}"#, "additional_special_tokens"), ("[]", "object"), ("{", "damaged"),
        ("", "damaged"), (#"{"tokenizer_class": 5}"#, "tokenizer_class"),
    ])
    func damagedAndImpossibleSettingsAreErrors(_ config: String, _ names: String) throws {
        let error = #expect(throws: TokenizerError.self) { try load("llama2", config: config) }
        #expect(error?.description.contains(names) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("tokenizer_config.json") == true)
    }

    @Test func aSpaceBeforeTheTextThatTheFileHasAnywayIsFine() throws {
        let plain = try load("llama2", config: #"{"tokenizer_class": "LlamaTokenizer"}"#)
        let asked = try load("llama2", config: #"{"tokenizer_class": "LlamaTokenizer", "add_prefix_space": true}"#)
        #expect(try asked.encode("a b") == plain.encode("a b"))
    }

    @Test func keysInNoTableAreNamed() throws {
        let change = #"""
            {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true, "odd": 1}]},
             "added_tokens": [{"id": 0, "content": "<unk>", "special": true, "shiny": true}, {"id": 1, "content": "<s>", "shiny": 2}]}
            """#
        let tokenizer = try load(
            "llama2", change: change, config: #"{"bos_token": "<s>", "new_setting": 5, "legacy": true}"#)
        #expect(tokenizer.unknownKeys == ["new_setting", "added_tokens.shiny", "pre_tokenizer.Digits.odd"])
    }

    /// Tokens of the settings count on from the highest id, whatever it is.
    @Test(arguments: [Int.max, Int.max - 1, 1 << 30, -1])
    func absurdIDsAreErrors(_ id: Int) {
        let added = #"{"added_tokens": [{"id": \#(id), "content": "<x>", "special": true}]}"#
        let error = #expect(throws: TokenizerError.self) {
            try load("llama2", change: added, config: #"{"additional_special_tokens": ["<new>"]}"#)
        }
        #expect(error?.description.contains("has the id \(id)") == true, "\(error as Any)")
    }

    @Test func dropoutIsRefused() throws {
        let text = try String(contentsOf: TokenizationFixture.url("llama2"), encoding: .utf8)
        #expect(text.contains(#""dropout":null"#))
        let random = text.replacing(#""dropout":null"#, with: #""dropout":0.1"#)
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(json: Data(random.utf8), path: "t.json") }
        #expect(error?.description.contains("dropout") == true)
        let zero = text.replacing(#""dropout":null"#, with: #""dropout":0"#)
        #expect(throws: Never.self) { try Tokenizer(json: Data(zero.utf8), path: "t.json") }
    }

    @Test func everyKeyOfPublishedFilesIsInATable() {
        // What the reader decodes is in the tables, and what they call refused is refused above.
        #expect(
            Set(TokenizerKeys.model.filter { $0.value == .refused }.keys) == [
                "dropout", "continuing_subword_prefix", "end_of_word_suffix",
            ])
        #expect(
            Set(TokenizerKeys.configuration.filter { $0.value == .refused }.keys) == [
                "split_special_tokens", "add_prefix_space",
            ])
        for key in [
            "chat_template", "model_max_length", "padding_side", "image_token", "processor_class", "sp_model_kwargs",
        ] {
            #expect(TokenizerKeys.configuration[key] == .ignored, "\(key)")
        }
    }

    @Test func addedTokensTellTheirIDs() throws {
        let tokenizer = try load("llama2", config: #"{"tokenizer_class": "LlamaTokenizer", "pad_token": "<pad>"}"#)
        #expect(tokenizer.addedTokenIDs == [0, 1, 2, 700, 701, 702])
        #expect(tokenizer.vocabularySize == 703)
    }

    // Characters that Unicode 14 assigns, as the fixture's.
    private static let scalars: [Unicode.Scalar] = (0...0x10FFFF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init)
        .filter { scalar in
            if scalar.properties.generalCategory == .privateUse { return true }
            guard let age = scalar.properties.age else { return false }
            return age.major <= 14 && scalar.properties.generalCategory != .unassigned
        }

    private func ranges(_ holds: (Unicode.Scalar) -> Bool) -> [UInt32] {
        var result: [UInt32] = []
        var before = false
        for scalar in Self.scalars {
            let now = holds(scalar)
            if now, !before {
                result += [scalar.value, scalar.value]
            } else if now {
                result[result.count - 1] = scalar.value
            }
            before = now
        }
        return result
    }

    /// Texts of all characters, each behind the same lead: one text for each would be slow, and one for all too.
    private func texts(_ lead: [Unicode.Scalar]) -> [String] {
        stride(from: 0, to: Self.scalars.count, by: 500).map { start in
            var text = String.UnicodeScalarView()
            for scalar in Self.scalars[start..<min(start + 500, Self.scalars.count)] {
                text.append(contentsOf: lead + [scalar])
            }
            return String(text)
        }
    }

    @Test(arguments: ["digits", "stripped", "word", "letter", "number", "space", "trimmed"])
    func charactersAreOfTheKindTheReferenceSays(_ kind: String) throws {
        let expected = try #require(try SettingsFixture.load().unicode.kinds[kind])
        func matching(_ expression: String) throws -> (Unicode.Scalar) -> Bool {
            let pattern = try TextPattern(.expression(expression), path: "t.json")
            var found: Set<Unicode.Scalar> = []
            for text in texts(["\u{1}"]) {
                for piece in try pattern.pieces(of: text) where piece.matches {
                    found.formUnion(piece.text.unicodeScalars)
                }
            }
            return { found.contains($0) }
        }
        let holds: (Unicode.Scalar) -> Bool =
            switch kind {
            case "digits": TextKinds.isNumeric
            case "word": TextKinds.isWord
            case "letter": try matching(#"\p{L}"#)
            case "number": try matching(#"\p{N}"#)
            case "space": try matching(#"\s"#)
            default: { $0.properties.isWhitespace }
            }
        #expect(ranges(holds) == expected)
    }

    @Test(arguments: ["Lowercase", "NFC", "NFD", "NFKC", "NFKD"])
    func charactersNormaliseAsTheReferenceSays(_ type: String) throws {
        let expected = try #require(try SettingsFixture.load().unicode.maps[type])
        let file = try JSONDecoder().decode(TokenizerFile.Component.self, from: Data(#"{"type": "\#(type)"}"#.utf8))
        let normalizer = try Normalizer(file, path: "t.json")
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for scalar in Self.scalars {
            for byte in Array(try normalizer.apply(to: String(Character(scalar))).utf8) + [255] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        }
        let digits = String(hash, radix: 16)
        #expect(String(repeating: "0", count: 16 - digits.count) + digits == expected)
    }

    @Test func contractionsFoldCaseAsTheReferenceDoes() throws {
        let pattern = try TextPattern(.expression("(?i:'s|'t|'re|'ve|'m|'ll|'d)"), path: "t.json")
        let found = try texts(["\u{1}", "'"]).flatMap { try pattern.pieces(of: $0) }.filter(\.matches)
            .compactMap(\.text.unicodeScalars.last)
        #expect(found.map(\.value) == (try SettingsFixture.load().unicode.folded))
    }
}
