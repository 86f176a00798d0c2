import Foundation

/// What is done to text before it is cut.
indirect enum Normalizer: Sendable {
    case sequence([Normalizer])
    case prepend(String)
    case replace(TextPattern, with: String)
    case nfc, nfd, nfkc, nfkd
    case lowercase
    case strip(left: Bool, right: Bool)

    init(_ file: TokenizerFile.Component, path: String) throws(TokenizerError) {
        switch file.type {
        case "Sequence":
            var all: [Normalizer] = []
            for part in file.normalizers ?? [] { all.append(try Normalizer(part, path: path)) }
            self = .sequence(all)
        case "Prepend": self = .prepend(file.prepend ?? "")
        case "Replace":
            guard let pattern = file.pattern, let content = file.content else {
                throw .malformed(path: path, reason: "the normalizer Replace needs pattern and content")
            }
            self = .replace(try TextPattern(pattern, path: path), with: content)
        case "NFC": self = .nfc
        case "NFD": self = .nfd
        case "NFKC": self = .nfkc
        case "NFKD": self = .nfkd
        case "Lowercase": self = .lowercase
        case "Strip": self = .strip(left: file.strip_left ?? true, right: file.strip_right ?? true)
        default:
            throw .unsupported(
                path: path, component: "the normalizer '\(file.type)'",
                supported: "Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Strip")
        }
    }

    /// - Throws: `TokenizerError.textNotCut`.
    func apply(to text: String) throws(TokenizerError) -> String {
        switch self {
        case .sequence(let all):
            var result = text
            for part in all { result = try part.apply(to: result) }
            return result
        case .prepend(let prefix): return text.isEmpty ? text : prefix + text
        case .replace(let pattern, let replacement): return try pattern.replacing(in: text, with: replacement)
        case .nfc: return Self.normalizing(text) { $0.precomposedStringWithCanonicalMapping }
        case .nfd: return Self.normalizing(text) { $0.decomposedStringWithCanonicalMapping }
        case .nfkc: return Self.normalizing(text) { $0.precomposedStringWithCompatibilityMapping }
        case .nfkd: return Self.normalizing(text) { $0.decomposedStringWithCompatibilityMapping }
        case .lowercase:
            // Character by character: no sigma knows that it ends a word.
            return text.unicodeScalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping }
        case .strip(let left, let right):
            var scalars = text.unicodeScalars[...]
            while left, let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
            while right, let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
            return String(scalars)
        }
    }

    /// The reference's tables are those of Unicode 11: what was added later is left as it is, and nothing joins across it.
    private static func normalizing(_ text: String, _ form: (String) -> String) -> String {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        func isLater(_ scalar: Unicode.Scalar) -> Bool {
            guard !scalar.isASCII else { return false }
            guard let age = scalar.properties.age else { return true }
            return age.major > 11
        }
        guard text.unicodeScalars.contains(where: isLater) else { return form(text) }
        var result = ""
        var stretch = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard isLater(scalar) else {
                stretch.append(scalar)
                continue
            }
            result += form(String(stretch))
            result.unicodeScalars.append(scalar)
            stretch = String.UnicodeScalarView()
        }
        return result + form(String(stretch))
    }
}
