import Foundation
import Testing

@testable import Tokenization

@Suite struct StopMatcherTests {
    /// What the answer is: the text before the stop string that ends first, the longest of several.
    private static func cut(_ text: [UInt8], _ stops: [String]) -> (kept: [UInt8], isStopped: Bool) {
        for end in 0...text.count {
            let found = stops.map { Array($0.utf8) }.filter { !$0.isEmpty && text[..<end].hasSuffix($0) }
            if let longest = found.map(\.count).max() { return (Array(text[..<(end - longest)]), true) }
        }
        return (text, false)
    }

    /// What must wait: the longest end of the text that a stop string begins with.
    private static func waiting(_ text: [UInt8], _ stops: [String]) -> Int {
        (0...text.count).reversed().first { count in
            stops.contains { $0.utf8.count > count && $0.utf8.starts(with: text.suffix(count)) }
        } ?? 0
    }

    /// Checks each piece on its way: what is given out is exactly what is certain.
    private func check(_ pieces: [String], _ stops: [String]) throws {
        var matcher = StopMatcher(stops)
        var (whole, given): ([UInt8], [UInt8]) = ([], [])
        for piece in pieces {
            whole += piece.utf8
            let text = matcher.append(piece)
            given += text.utf8
            let (kept, isStopped) = Self.cut(whole, stops)
            let certain = isStopped ? kept : whole.dropLast(Self.waiting(whole, stops))
            try #require(given == certain, "\(pieces), \(stops)")
            try #require(matcher.isStopped == isStopped, "\(pieces), \(stops)")
            try #require(!text.unicodeScalars.contains("\u{FFFD}"), "\(pieces), \(stops)")
        }
        given += matcher.finish().utf8
        try #require(given == Self.cut(whole, stops).kept, "\(pieces), \(stops)")
        try #require(matcher.finish().isEmpty, "\(pieces), \(stops)")
    }

    @Test(arguments: [
        // In one piece, across pieces, at both ends, and not at all.
        (["a stop b"], ["stop"]), (["a s", "to", "p b"], ["stop"]), (["stop"], ["stop"]), (["s", "t", "o"], ["stop"]),
        ([], ["stop"]), ([""], ["stop"]), (["a", "", "b"], []), (["a"], [""]),
        // A beginning that goes wrong within another beginning.
        (["aab", "aabaaa", "b"], ["aabaaab"]), (["aaa", "ab"], ["aab"]), (["abab", "abc"], ["ababc"]),
        // Strings within strings, and those that end together.
        (["xabc", "d"], ["abcd", "bc"]), (["xabc"], ["c", "abc", "bc"]), (["ab", "c"], ["abd", "bc"]),
        (["###", " x"], ["###", "\n\n"]), (["a\n", "\nb"], ["###", "\n\n"]),
        // Characters that share bytes, and a scalar that joins the one before to one character.
        (["é", "è"], ["è"]), (["漢", "字"], ["字"]), (["👍", "🏽"], ["🏽"]), (["e\u{301}"], ["e"]),
        (["e", "\u{301}"], ["é"]),
    ])
    func theTextEndsBeforeTheFirstStop(_ pieces: [String], _ stops: [String]) throws { try check(pieces, stops) }

    /// Random texts over few letters, so that beginnings and overlaps abound, in random pieces.
    @Test(arguments: UInt64(0)..<20)
    func randomTextsEndAsStated(_ seed: UInt64) throws {
        var random = Numbers(seed: seed)
        let letters: [Unicode.Scalar] =
            seed.isMultiple(of: 2) ? ["a", "b"] : ["a", "é", "è", "漢", "字", "👍", "👎", "\u{301}"]
        func text(_ count: Int) -> String {
            var text = ""
            for _ in 0..<count { text.unicodeScalars.append(letters[random.below(letters.count)]) }
            return text
        }
        var stopped = 0
        for _ in 0..<500 {
            let stops = (0..<random.below(5)).map { _ in text(1 + random.below(6)) }
            let pieces = (0..<random.below(12)).map { _ in text(random.below(5)) }
            try check(pieces, stops)
            if Self.cut(pieces.flatMap { Array($0.utf8) }, stops).isStopped { stopped += 1 }
        }
        // Both outcomes occur.
        #expect((50...450).contains(stopped))
    }

    /// Token by token through real tokenizers, byte tokens included: stop strings are taken from the text.
    @Test(arguments: TokenizationFixture.names)
    func streamedAnswersEndBeforeTheStop(_ name: String) throws {
        let expected = try #require(try TokenizationFixture.load().tokenizers[name])
        let tokenizer = try Tokenizer(contentsOf: TokenizationFixture.url(name))
        var random = Numbers(seed: 3)
        for (ids, text) in zip(expected.ids, expected.decoded) {
            let scalars = Array(text.unicodeScalars)
            guard !scalars.isEmpty else { continue }
            let start = random.below(scalars.count)
            var stop = String.UnicodeScalarView(scalars[start...].prefix(1 + random.below(6)))
            // Every third is not there, as a rule.
            if random.below(3) == 0 { stop.append("\u{7}") }
            var stream = StreamingDetokenizer(tokenizer, stop: [String(stop), "\u{7}\u{7}"])
            var answer = ""
            for id in ids where !stream.isStopped { answer += stream.append(id) }
            answer += stream.finish()
            let (kept, isStopped) = Self.cut(Array(text.utf8), [String(stop), "\u{7}\u{7}"])
            #expect(Array(answer.utf8) == kept, "\(text.debugDescription), \(String(stop).debugDescription)")
            #expect(stream.isStopped == isStopped, "\(text.debugDescription)")
        }
    }

    /// A million steps, each of which a search through the whole answer would take a million.
    @Test func aLongAnswerTakesNoQuadraticTime() {
        var matcher = StopMatcher([String(repeating: "a", count: 400) + "bc", "ac"])
        var given = 0
        for _ in 0..<1_000_000 { given += matcher.append("a").utf8.count }
        #expect(given == 1_000_000 - 400)
        given += matcher.append("b").utf8.count
        #expect(given == 1_000_000 - 400)
        given += matcher.append("c").utf8.count
        #expect(matcher.isStopped)
        #expect(given == 1_000_000 - 400)
    }
}

extension Collection where Element: Equatable {
    fileprivate func hasSuffix(_ other: some Collection<Element>) -> Bool {
        count >= other.count && dropFirst(count - other.count).elementsEqual(other)
    }
}

/// The numbers of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): this room does not import the method's.
private struct Numbers {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
