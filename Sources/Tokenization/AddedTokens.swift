/// Tokens that are found in text before it is cut: special ones, and others a model was extended by.
struct AddedTokens: Sendable {
    struct Token: Sendable {
        let id: Int32
        let content: String
        let isSpecial: Bool
        let isSingleWord: Bool
        let stripsLeft: Bool
        let stripsRight: Bool
    }

    /// A stretch of text, or a token found between two.
    enum Piece {
        case text(Substring)
        case token(Int32)
    }

    private final class Node: Sendable {
        let token: Token?
        let next: [UInt8: Node]

        init(_ tokens: ArraySlice<(bytes: [UInt8], token: Token)>, depth: Int) {
            // Sorted by bytes: those that end here come first.
            var rest = tokens
            var ending: Token?
            while let first = rest.first, first.bytes.count == depth {
                ending = first.token
                rest = rest.dropFirst()
            }
            token = ending
            var next: [UInt8: Node] = [:]
            while let first = rest.first {
                let byte = first.bytes[depth]
                let same = rest.prefix { $0.bytes[depth] == byte }
                next[byte] = Node(same, depth: depth + 1)
                rest = rest.dropFirst(same.count)
            }
            self.next = next
        }
    }

    private let root: Node
    let isEmpty: Bool

    init(_ tokens: [Token]) {
        let sorted = tokens.filter { !$0.content.isEmpty }.map { (bytes: Array($0.content.utf8), token: $0) }
            .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        isEmpty = sorted.isEmpty
        root = Node(sorted[...], depth: 0)
    }

    /// Cuts a text at the tokens: leftmost first, of those the longest.
    func split(_ text: Substring) -> [Piece] {
        guard !isEmpty else { return text.isEmpty ? [] : [.text(text)] }
        let utf8 = text.utf8
        var pieces: [Piece] = []
        var start = utf8.startIndex
        var index = start
        while index < utf8.endIndex {
            guard let (token, end) = match(at: index, in: text), fits(token, index..<end, in: text) else {
                utf8.formIndex(after: &index)
                continue
            }
            var (lower, upper) = (index, end)
            if token.stripsLeft {
                while lower > start, let before = text[start..<lower].unicodeScalars.last,
                    before.properties.isWhitespace
                {
                    lower = text.unicodeScalars.index(before: lower)
                }
            }
            if token.stripsRight {
                while let after = text[upper...].unicodeScalars.first, after.properties.isWhitespace {
                    upper = text.unicodeScalars.index(after: upper)
                }
            }
            if start < lower { pieces.append(.text(text[start..<lower])) }
            pieces.append(.token(token.id))
            start = upper
            index = upper
        }
        if start < utf8.endIndex { pieces.append(.text(text[start...])) }
        return pieces
    }

    private func match(at index: String.Index, in text: Substring) -> (Token, String.Index)? {
        var node = root
        var place = index
        var best: (Token, String.Index)?
        while place < text.utf8.endIndex, let following = node.next[text.utf8[place]] {
            node = following
            text.utf8.formIndex(after: &place)
            if let token = node.token { best = (token, place) }
        }
        return best
    }

    /// A single-word token needs no word character on either side.
    private func fits(_ token: Token, _ range: Range<String.Index>, in text: Substring) -> Bool {
        guard token.isSingleWord else { return true }
        func isWord(_ scalar: Unicode.Scalar?) -> Bool {
            scalar.map(TextKinds.isWord) ?? false
        }
        return !isWord(text[..<range.lowerBound].unicodeScalars.last)
            && !isWord(text[range.upperBound...].unicodeScalars.first)
    }
}
