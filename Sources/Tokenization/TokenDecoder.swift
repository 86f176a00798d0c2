/// How tokens become text again.
indirect enum TokenDecoder: Sendable {
    case sequence([TokenDecoder])
    case replace(LiteralPattern, with: String)
    case byteFallback
    case fuse
    case strip(Unicode.Scalar, start: Int, stop: Int)
    case byteLevel
    case metaspace(String, strips: Bool)

    init(_ file: TokenizerFile.Component, path: String) throws(TokenizerError) {
        switch file.type {
        case "Sequence":
            var all: [TokenDecoder] = []
            for part in file.decoders ?? [] { all.append(try TokenDecoder(part, path: path)) }
            self = .sequence(all)
        case "Replace":
            guard let pattern = file.pattern, let content = file.content else {
                throw .malformed(path: path, reason: "the decoder Replace needs pattern and content")
            }
            // No published file has an expression here, and an answer cannot be refused for what it says.
            guard case .literal(let text) = pattern else {
                throw .unsupported(
                    path: path, component: "a regular expression in the decoder Replace", supported: "a text")
            }
            self = .replace(try LiteralPattern(text, path: path), with: content)
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Strip":
            guard let scalar = file.content?.unicodeScalars.first else {
                throw .malformed(path: path, reason: "the decoder Strip needs content")
            }
            self = .strip(scalar, start: max(file.start ?? 0, 0), stop: max(file.stop ?? 0, 0))
        case "ByteLevel": self = .byteLevel
        case "Metaspace": self = .metaspace(file.replacement ?? "▁", strips: file.prepend_scheme != "never")
        default:
            throw .unsupported(
                path: path, component: "the decoder '\(file.type)'",
                supported: "Sequence, Replace, ByteFallback, Fuse, Strip, ByteLevel, Metaspace")
        }
    }

    func apply(to tokens: [String]) -> [String] {
        switch self {
        case .sequence(let all): return all.reduce(tokens) { $1.apply(to: $0) }
        case .replace(let pattern, let text): return tokens.map { pattern.replacing(in: $0, with: text) }
        case .byteFallback: return Self.joinBytes(tokens)
        case .fuse: return [tokens.joined()]
        case .strip(let scalar, let start, let stop):
            return tokens.map { token in
                var view = token.unicodeScalars[...]
                for _ in 0..<start where view.first == scalar { view.removeFirst() }
                for _ in 0..<stop where view.last == scalar { view.removeLast() }
                return String(view)
            }
        case .byteLevel:
            return [String(decoding: tokens.flatMap { ByteLevelAlphabet.decode($0) }, as: UTF8.self)]
        case .metaspace(let mark, let strips):
            guard let scalar = mark.unicodeScalars.first else { return tokens }
            return tokens.enumerated().map { index, token in
                var text = token
                if index == 0, strips, text.unicodeScalars.first == scalar { text.unicodeScalars.removeFirst() }
                return text.replacingScalar(scalar, with: " ")
            }
        }
    }

    /// Runs of byte tokens become text if they are whole, otherwise one replacement character a byte.
    private static func joinBytes(_ tokens: [String]) -> [String] {
        var result: [String] = []
        var run: [UInt8] = []
        func flush() {
            guard !run.isEmpty else { return }
            if let text = String(validating: run, as: UTF8.self) {
                result.append(text)
            } else {
                result += run.map { _ in "\u{FFFD}" }
            }
            run.removeAll()
        }
        for token in tokens {
            if let byte = byteValue(token) {
                run.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    /// The byte that a token such as `<0x0A>` stands for.
    static func byteValue(_ token: String) -> UInt8? {
        let utf8 = token.utf8
        guard utf8.count == 6, token.hasPrefix("<0x"), utf8.last == UInt8(ascii: ">") else { return nil }
        return UInt8(token.dropFirst(3).dropLast(), radix: 16)
    }
}
