import Foundation

/// How normalised text is cut into words before merges.
indirect enum PreTokenizer: Sendable {
    enum Behavior: String, Sendable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    enum PrependScheme: String, Sendable { case always, first, never }

    case sequence([PreTokenizer])
    case metaspace(replacement: String, scheme: PrependScheme, splits: Bool)
    case byteLevel(addsPrefixSpace: Bool, pattern: TextPattern?)
    case split(TextPattern, Behavior, inverted: Bool)
    case digits(individual: Bool)

    /// GPT-2's cut, which `ByteLevel` makes unless told otherwise.
    private static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    init(_ file: TokenizerFile.Component, path: String) throws(TokenizerError) {
        switch file.type {
        case "Sequence":
            var all: [PreTokenizer] = []
            for part in file.pretokenizers ?? [] { all.append(try PreTokenizer(part, path: path)) }
            self = .sequence(all)
        case "Metaspace":
            // Before prepend_scheme there was add_prefix_space.
            let name = file.prepend_scheme ?? (file.add_prefix_space == false ? "never" : "always")
            guard let scheme = PrependScheme(rawValue: name) else {
                throw .malformed(path: path, reason: "the prepend_scheme '\(name)'")
            }
            self = .metaspace(replacement: file.replacement ?? "▁", scheme: scheme, splits: file.split ?? true)
        case "ByteLevel":
            let pattern = file.use_regex ?? true ? try TextPattern(.expression(Self.gpt2), path: path) : nil
            self = .byteLevel(addsPrefixSpace: file.add_prefix_space ?? true, pattern: pattern)
        case "Split":
            guard let pattern = file.pattern, let name = file.behavior, let behavior = Behavior(rawValue: name) else {
                throw .malformed(path: path, reason: "the pre-tokenizer Split needs pattern and behavior")
            }
            self = .split(try TextPattern(pattern, path: path), behavior, inverted: file.invert ?? false)
        case "Digits": self = .digits(individual: file.individual_digits ?? false)
        default:
            throw .unsupported(
                path: path, component: "the pre-tokenizer '\(file.type)'",
                supported: "Sequence, Metaspace, ByteLevel, Split, Digits")
        }
    }

    /// - Parameter isFirst: whether the first piece begins the whole text.
    /// - Throws: `TokenizerError.textNotCut`.
    func apply(to pieces: [Substring], isFirst: Bool) throws(TokenizerError) -> [Substring] {
        switch self {
        case .sequence(let all):
            var result = pieces
            for part in all { result = try part.apply(to: result, isFirst: isFirst) }
            return result
        case .metaspace(let replacement, let scheme, let splits):
            return pieces.enumerated().flatMap { index, piece -> [Substring] in
                var text = String(piece).replacingScalar(" ", with: replacement)
                let prepends = scheme == .always || (scheme == .first && isFirst && index == 0)
                if prepends, !text.unicodeScalars.starts(with: replacement.unicodeScalars) { text = replacement + text }
                return splits ? Self.cutBefore(replacement, text) : [text[...]]
            }
        case .byteLevel(let addsPrefixSpace, let pattern):
            return try Self.joined(pieces) { (piece) throws(TokenizerError) in
                var text = String(piece)
                if addsPrefixSpace, text.utf8.first != UInt8(ascii: " ") { text = " " + text }
                let parts = try pattern?.pieces(of: text).map(\.text) ?? [text[...]]
                return parts.map { ByteLevelAlphabet.encode($0)[...] }
            }
        case .split(let pattern, let behavior, let inverted):
            return try Self.joined(pieces) { (piece) throws(TokenizerError) in
                let parts = try pattern.pieces(of: String(piece)).map { ($0.text, $0.matches != inverted) }
                return Self.arrange(parts, behavior)
            }
        case .digits(let individual):
            return pieces.flatMap { piece -> [Substring] in
                var parts: [(Substring, Bool)] = []
                let scalars = piece.unicodeScalars
                var start = scalars.startIndex
                while start < scalars.endIndex {
                    let isNumber = TextKinds.isNumeric(scalars[start])
                    var end = scalars.index(after: start)
                    while end < scalars.endIndex, !(isNumber && individual),
                        TextKinds.isNumeric(scalars[end]) == isNumber
                    {
                        scalars.formIndex(after: &end)
                    }
                    parts.append((piece[start..<end], isNumber))
                    start = end
                }
                return parts.map(\.0)
            }
        }
    }

    /// `flatMap` with the error's type kept.
    private static func joined(
        _ pieces: [Substring], _ cut: (Substring) throws(TokenizerError) -> [Substring]
    ) throws(TokenizerError) -> [Substring] {
        var result: [Substring] = []
        for piece in pieces { result += try cut(piece) }
        return result
    }

    private static func cutBefore(_ replacement: String, _ text: String) -> [Substring] {
        guard let mark = replacement.unicodeScalars.first else { return [text[...]] }
        var result: [Substring] = []
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        var index = start
        while index < scalars.endIndex {
            if scalars[index] == mark, index > start {
                result.append(text[start..<index])
                start = index
            }
            scalars.formIndex(after: &index)
        }
        if start < scalars.endIndex { result.append(text[start...]) }
        return result
    }

    private static func arrange(_ parts: [(text: Substring, matches: Bool)], _ behavior: Behavior) -> [Substring] {
        switch behavior {
        case .isolated: return parts.map(\.text)
        case .removed: return parts.filter { !$0.matches }.map(\.text)
        case .contiguous: return merge(parts) { $0.matches == $1.matches }
        case .mergedWithPrevious: return merge(parts) { !$0.matches && $1.matches }
        case .mergedWithNext: return merge(parts) { $0.matches && !$1.matches }
        }
    }

    /// Joins neighbours that belong together; a joined piece counts as its last part.
    private static func merge(
        _ parts: [(text: Substring, matches: Bool)],
        _ joins: ((text: Substring, matches: Bool), (text: Substring, matches: Bool)) -> Bool
    ) -> [Substring] {
        var result: [Substring] = []
        for (index, part) in parts.enumerated() {
            if index > 0, joins(parts[index - 1], part) {
                // Both are parts of one string and lie side by side.
                let last = result[result.count - 1]
                result[result.count - 1] = Substring(last + part.text)
            } else {
                result.append(part.text)
            }
        }
        return result
    }
}

extension String {
    /// Replaces one scalar, whatever marks follow it.
    func replacingScalar(_ scalar: Unicode.Scalar, with replacement: String) -> String {
        guard unicodeScalars.contains(scalar) else { return self }
        var result = String.UnicodeScalarView()
        for current in unicodeScalars {
            if current == scalar {
                result.append(contentsOf: replacement.unicodeScalars)
            } else {
                result.append(current)
            }
        }
        return String(result)
    }
}
