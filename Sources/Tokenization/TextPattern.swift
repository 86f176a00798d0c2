import Foundation

/// A literal or a regular expression that finds pieces of text.
///
/// `@unchecked Sendable`: NSRegularExpression is immutable and documented as safe to use from several threads.
struct TextPattern: @unchecked Sendable {
    private enum Kind {
        case literal(LiteralPattern)
        case expression(NSRegularExpression, written: String)
    }

    private let kind: Kind

    /// The longest published has some 500 bytes.
    private static let longest = 16 << 10
    /// ICU reports once for each place at which nothing is found, and after every 10,000 steps of a search: so many of
    /// the latter take some seconds. A text that needs more is refused.
    private static func mostReports(_ count: Int) -> Int { 20_000 + count }
    /// In a run of 400, time that grows with the square of a text's length takes some 20 reports, with the cube a thousand.
    private static let mostProbeReports = 40

    init(_ pattern: TokenizerFile.Pattern, path: String) throws(TokenizerError) {
        switch pattern {
        case .literal(let text): kind = .literal(try LiteralPattern(text, path: path))
        case .expression(let text):
            // Such files follow Oniguruma, whose \s knows the vertical tab and U+0085; ICU's does not.
            let spelled = text.replacingOccurrences(of: #"\s"#, with: #"[\t-\r\u0085\p{Z}]"#)
                .replacingOccurrences(of: #"\S"#, with: #"[^\t-\r\u0085\p{Z}]"#)
            guard text.utf8.count <= Self.longest, let expression = try? NSRegularExpression(pattern: spelled) else {
                throw .malformed(path: path, reason: "the regular expression '\(Self.shown(text))' cannot be read")
            }
            kind = .expression(expression, written: text)
            guard endsSoon(probes: text) else {
                throw .unsupported(
                    path: path,
                    component: "the regular expression '\(Self.shown(text))', which takes too long on some texts,",
                    supported: "expressions whose time grows with the text's length")
            }
        }
    }

    /// Pieces of the text in order: matches and what lies between them. No piece is empty.
    ///
    /// - Throws: `TokenizerError.textNotCut` where the search takes more than its bound of steps or of memory.
    func pieces(of text: String) throws(TokenizerError) -> [(text: Substring, matches: Bool)] {
        let matches =
            switch kind {
            case .literal(let literal): literal.ranges(in: text)
            case .expression(let expression, let written): try Self.ranges(of: expression, written: written, in: text)
            }
        var result: [(Substring, Bool)] = []
        var position = text.startIndex
        for range in matches {
            if position < range.lowerBound { result.append((text[position..<range.lowerBound], false)) }
            if !range.isEmpty { result.append((text[range], true)) }
            position = range.upperBound
        }
        if position < text.endIndex { result.append((text[position...], false)) }
        return result
    }

    private static func ranges(
        of expression: NSRegularExpression, written: String, in text: String
    ) throws(TokenizerError) -> [Range<String.Index>] {
        let all = NSRange(location: 0, length: text.utf16.count)
        var found: [NSRange] = []
        var reports = 0
        var isWhole = true
        // What takes long on runs of one character was refused when it was read; the rest depends on the text.
        expression.enumerateMatches(
            in: text, options: [.reportProgress, .reportCompletion], range: all
        ) { match, flags, stop in
            // The search's own stack is bounded too.
            if flags.contains(.internalError) { isWhole = false }
            if let match {
                found.append(match.range)
            } else {
                reports += 1
                guard reports > mostReports(all.length) else { return }
                isWhole = false
                stop.pointee = true
            }
        }
        guard isWhole else { throw .textNotCut(expression: shown(written)) }
        // Offsets ascend: one walk over the text suffices.
        let units = text.utf16
        var (offset, index) = (0, units.startIndex)
        return found.map { range in
            let lower = units.index(index, offsetBy: range.location - offset)
            let upper = units.index(lower, offsetBy: range.length)
            (offset, index) = (range.location + range.length, upper)
            return lower..<upper
        }
    }

    /// Whether texts made to take long do not: runs of each kind of character and of each that the expression names.
    private func endsSoon(probes text: String) -> Bool {
        guard case .expression(let expression, _) = kind else { return true }
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

    /// - Throws: as `pieces(of:)`.
    func replacing(in text: String, with replacement: String) throws(TokenizerError) -> String {
        try pieces(of: text).reduce(into: "") { $0 += $1.matches ? replacement[...] : $1.text }
    }
}
