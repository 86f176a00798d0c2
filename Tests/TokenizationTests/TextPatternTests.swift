import Failures
import Foundation
import Testing

@testable import Tokenization

@Suite struct TextPatternTests {
    /// As published tokenizers cut text: GPT-2, LLaMA-3, Qwen2, o200k, DeepSeek and others.
    static let published = [
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
        #"\s?[A-Za-z\u00B5\u00C0-\u00D6]+"#, #"[\r\n]"#, #"\s+$"#, #"[一-龥ࠀ-一가-퟿]+"#, #"\p{N}{1,3}"#, "[0-9][0-9][0-9]",
        " {2,}",
    ]

    @Test(arguments: published) func publishedExpressionsAreRead(_ expression: String) throws {
        let pattern = try TextPattern(.expression(expression), path: "t.json")
        let text = String(repeating: "Größe 123 'tis\n\n  the end.\t\u{4E00}", count: 200)
        #expect(try pattern.pieces(of: text).map(\.text).joined() == text)
    }

    @Test(arguments: [
        "(a+)+$", "(a|a)*b", "(a|aa)+$", "([a-z]+)*\u{1}x", #"(\s*)*x"#, #"\s*\s*\s*\s*\s*x"#, "(q+)+$",
        #"(?:\p{L}*\p{L}*)*!"#, "(x*)*(x*)*(x*)*y",
        #"(.*)*(.*)*\d"#, "((a*)*)*b", #"(\n+)+z"#, "^(([a-z])+.)+[A-Z]([a-z])+$",
    ]) func expressionsThatTakeLongAreRefusedByName(_ expression: String) throws {
        let error = #expect(throws: TokenizerError.self) { try TextPattern(.expression(expression), path: "t.json") }
        #expect(error?.description.contains("regular expression") == true)
        if case .unsupported? = error {} else { Issue.record("\(String(describing: error))") }
    }

    @Test(arguments: ["(", "[", #"\p{Nonsense}"#, "a{2,1}", "(?<=a", String(repeating: "a", count: 20_000), "*"])
    func brokenExpressionsAreErrors(_ expression: String) {
        #expect(throws: TokenizerError.self) { try TextPattern(.expression(expression), path: "t.json") }
    }

    /// Passes on runs of one character, and doubles its work with each "xy".
    private static let slowOnSome = "(xy|xy)+z"

    @Test func aTextOnWhichAnExpressionTakesTooLongIsRefused() throws {
        let pattern = try TextPattern(.expression(Self.slowOnSome), path: "t.json")
        #expect(try pattern.pieces(of: "xyxyz and").map(\.matches) == [true, false])
        let error = #expect(throws: TokenizerError.self) {
            try pattern.pieces(of: String(repeating: "xy", count: 40))
        }
        #expect(error == .textNotCut(expression: Self.slowOnSome))
        #expect(error?.kind == .invalidRequest)
        #expect(error?.description.contains(Self.slowOnSome) == true)
    }

    @Test func aTextThatFillsTheSearchsStackIsRefused() throws {
        let pattern = try TextPattern(.expression("^(x|y)+z"), path: "t.json")
        #expect(try pattern.pieces(of: "xyz").count == 1)
        #expect(throws: TokenizerError.textNotCut(expression: "^(x|y)+z")) {
            try pattern.pieces(of: String(repeating: "xy", count: 500_000) + "z")
        }
    }

    @Test func aPromptThatTheTokenizerCannotCutIsRefused() throws {
        let json = #"""
            {"model": {"type": "BPE", "vocab": {"x": 0, "y": 1, "z": 2}, "merges": []},
            "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "^(x|y)+z"}, "behavior": "Isolated"}}
            """#
        let tokenizer = try Tokenizer(json: Data(json.utf8), path: "t.json")
        #expect(try tokenizer.encode("xyz") == [0, 1, 2])
        #expect(throws: TokenizerError.textNotCut(expression: "^(x|y)+z")) {
            try tokenizer.encode(String(repeating: "xy", count: 500_000))
        }
    }

    @Test func aDecoderReplacesTextsAlone() throws {
        func decoder(_ pattern: String) throws -> TokenDecoder {
            let json = #"{"type": "Replace", "pattern": \#(pattern), "content": " "}"#
            return try TokenDecoder(
                JSONDecoder().decode(TokenizerFile.Component.self, from: Data(json.utf8)), path: "t.json")
        }
        #expect(try decoder(#"{"String": "▁"}"#).apply(to: ["▁a▁▁b", "▁\u{301}", ""]) == [" a  b", " \u{301}", ""])
        let error = #expect(throws: TokenizerError.self) { try decoder(#"{"Regex": "▁"}"#) }
        #expect(error?.description.contains("decoder Replace") == true)
    }
}
