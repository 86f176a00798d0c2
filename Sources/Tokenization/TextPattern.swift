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

    init(_ pattern: TokenizerFile.Pattern, path: String) throws(TokenizerError) {
        switch pattern {
        case .literal(let text):
            guard !text.isEmpty else { throw .malformed(path: path, reason: "an empty pattern") }
            kind = .literal(text)
        case .expression(let text):
            // Such files follow Oniguruma, whose \s knows the vertical tab and U+0085; ICU's does not.
            let spelled = text.replacingOccurrences(of: #"\s"#, with: #"[\t-\r\u0085\p{Z}]"#)
                .replacingOccurrences(of: #"\S"#, with: #"[^\t-\r\u0085\p{Z}]"#)
            guard let expression = try? NSRegularExpression(pattern: spelled) else {
                throw .malformed(path: path, reason: "the regular expression '\(text)' cannot be read")
            }
            kind = .expression(expression)
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
            expression.enumerateMatches(in: text, range: all) { match, _, _ in
                if let match { ranges.append(match.range) }
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

    func replacing(in text: String, with replacement: String) -> String {
        pieces(of: text).reduce(into: "") { $0 += $1.matches ? replacement[...] : $1.text }
    }
}
