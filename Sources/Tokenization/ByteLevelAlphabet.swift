/// GPT-2's spelling of bytes as printable characters: printable Latin-1 stands for itself, the other 68 bytes are
/// numbered from U+0100 on.
enum ByteLevelAlphabet {
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 256
        return (0..<256).map { byte -> Unicode.Scalar in
            switch byte {
            case 33...126, 161...172, 174...255: return Unicode.Scalar(UInt8(byte))
            default:
                defer { next += 1 }
                // Below U+0200, far from the surrogates.
                return Unicode.Scalar(next) ?? " "
            }
        }
    }()

    static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: scalars.enumerated().map { ($1, UInt8($0)) })

    static func encode(_ text: Substring) -> String {
        var result = String.UnicodeScalarView()
        for byte in text.utf8 { result.append(scalars[Int(byte)]) }
        return String(result)
    }

    /// The bytes a token stands for; a token with characters outside the alphabet stands for its own UTF-8.
    static func decode(_ token: String) -> [UInt8] {
        var result: [UInt8] = []
        for scalar in token.unicodeScalars {
            guard let byte = bytes[scalar] else { return Array(token.utf8) }
            result.append(byte)
        }
        return result
    }
}
