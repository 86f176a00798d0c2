/// A text that is looked for scalar by scalar: a mark may stand behind it.
struct LiteralPattern: Sendable {
    private let wanted: [Unicode.Scalar]

    /// - Throws: `TokenizerError.malformed` for an empty text, which would be found everywhere.
    init(_ text: String, path: String) throws(TokenizerError) {
        guard !text.isEmpty else { throw .malformed(path: path, reason: "an empty pattern") }
        wanted = Array(text.unicodeScalars)
    }

    /// Where it stands, in order and without overlaps.
    func ranges(in text: String) -> [Range<String.Index>] {
        let scalars = text.unicodeScalars
        var result: [Range<String.Index>] = []
        var index = scalars.startIndex
        while index < scalars.endIndex {
            var end = index
            var matched = 0
            while matched < wanted.count, end < scalars.endIndex, scalars[end] == wanted[matched] {
                scalars.formIndex(after: &end)
                matched += 1
            }
            if matched == wanted.count {
                result.append(index..<end)
                index = end
            } else {
                scalars.formIndex(after: &index)
            }
        }
        return result
    }

    func replacing(in text: String, with replacement: String) -> String {
        var result = ""
        var position = text.startIndex
        for range in ranges(in: text) {
            result += text[position..<range.lowerBound] + replacement
            position = range.upperBound
        }
        return result + text[position...]
    }
}
