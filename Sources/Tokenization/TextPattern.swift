import Foundation

/// A literal or a regular expression that finds pieces of text.
///
/// `@unchecked Sendable`: NSRegularExpression is immutable and documented as safe to use from several threads.
struct TextPattern: @unchecked Sendable {
    private enum Kind {
        case literal(String)
        case expression(NSRegularExpression)
    }

    private let kind: Kind

    /// The longest published has some 500 bytes.
    private static let longest = 16 << 10
    /// ICU reports once for each place at which nothing is found, and after every 10,000 steps of a search: so many of
    /// the latter take some seconds.
    private static func mostReports(_ count: Int) -> Int { 20_000 + count }
    /// In a run of 400, time that grows with the square of a text's length takes some 20 reports, with the cube a thousand.
    private static let mostProbeReports = 40

    init(_ pattern: TokenizerFile.Pattern, path: String) throws(TokenizerError) {
        switch pattern {
        case .literal(let text):
            guard !text.isEmpty else { throw .malformed(path: path, reason: "an empty pattern") }
            kind = .literal(text)
        case .expression(let text):
            // Such files follow Oniguruma, whose \s knows the vertical tab and U+0085; ICU's does not.
            let spelled = text.replacingOccurrences(of: #"\s"#, with: #"[\t-\r\u0085\p{Z}]"#)
                .replacingOccurrences(of: #"\S"#, with: #"[^\t-\r\u0085\p{Z}]"#)
            guard text.utf8.count <= Self.longest, let expression = try? NSRegularExpression(pattern: spelled) else {
                throw .malformed(path: path, reason: "the regular expression '\(Self.shown(text))' cannot be read")
            }
            kind = .expression(expression)
            guard endsSoon(probes: text) else {
                throw .unsupported(
                    path: path,
                    component: "the regular expression '\(Self.shown(text))', which takes too long on some texts,",
                    supported: "expressions whose time grows with the text's length")
            }
        }
    }

    /// Pieces of the text in order: matches and what lies between them. No piece is empty.
    func pieces(of text: String) -> [(text: Substring, matches: Bool)] {
        var result: [(Substring, Bool)] = []
        var position = text.startIndex
        func add(_ range: Range<String.Index>) {
            if position < range.lowerBound { result.append((text[position..<range.lowerBound], false)) }
            if !range.isEmpty { result.append((text[range], true)) }
            position = range.upperBound
        }
        switch kind {
        case .literal(let literal):
            // Scalars, not characters: a mark may stand behind the literal.
            let scalars = text.unicodeScalars
            let wanted = Array(literal.unicodeScalars)
            var index = scalars.startIndex
            while index < scalars.endIndex {
                var end = index
                var matched = 0
                while matched < wanted.count, end < scalars.endIndex, scalars[end] == wanted[matched] {
                    scalars.formIndex(after: &end)
                    matched += 1
                }
                if matched == wanted.count {
                    add(index..<end)
                    index = end
                } else {
                    scalars.formIndex(after: &index)
                }
            }
        case .expression(let expression):
            let all = NSRange(location: 0, length: text.utf16.count)
            var ranges: [NSRange] = []
            var reports = 0
            // Bounded whatever the expression: those that would reach this are refused when they are read.
            expression.enumerateMatches(in: text, options: .reportProgress, range: all) { match, _, stop in
                if let match {
                    ranges.append(match.range)
                } else {
                    reports += 1
                    if reports > Self.mostReports(all.length) { stop.pointee = true }
                }
            }
            // Offsets ascend: one walk over the text suffices.
            let units = text.utf16
            var (offset, index) = (0, units.startIndex)
            for range in ranges {
                let lower = units.index(index, offsetBy: range.location - offset)
                let upper = units.index(lower, offsetBy: range.length)
                (offset, index) = (range.location + range.length, upper)
                add(lower..<upper)
            }
        }
        if position < text.endIndex { result.append((text[position...], false)) }
        return result
    }

    /// Whether texts made to take long do not: runs of each kind of character and of each that the expression names.
    private func endsSoon(probes text: String) -> Bool {
        guard case .expression(let expression) = kind else { return true }
        var characters = Set(text.unicodeScalars.prefix(200))
        characters.formUnion([" ", "\n", "a", "A", "0", "!", "é", "中", "\u{301}", "'"])
        for character in characters {
            let run = String(repeating: Character(character), count: 400)
            // What follows decides whether the run is walked back through.
            for end in ["", "\u{1}"] {
                let probe = run + end
                var reports = -probe.utf16.count
                expression.enumerateMatches(
                    in: probe, options: .reportProgress, range: NSRange(location: 0, length: probe.utf16.count)
                ) { match, _, stop in
                    guard match == nil else { return }
                    reports += 1
                    if reports > Self.mostProbeReports { stop.pointee = true }
                }
                if reports > Self.mostProbeReports { return false }
            }
        }
        return true
    }

    private static func shown(_ text: String) -> String { text.count > 100 ? text.prefix(100) + "…" : text }

    func replacing(in text: String, with replacement: String) -> String {
        pieces(of: text).reduce(into: "") { $0 += $1.matches ? replacement[...] : $1.text }
    }
}
