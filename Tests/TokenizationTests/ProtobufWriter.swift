/// Writes protocol-buffer fields, right or wrong.
enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        repeat {
            bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }
    static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }
    static func bytes(_ field: UInt64, _ value: [UInt8]) -> [UInt8] {
        varint(field << 3 | 2) + varint(UInt64(value.count)) + value
    }
    static func piece(_ text: [UInt8], score: Float = 0, kind: UInt64 = 1) -> [UInt8] {
        let bits = score.bitPattern
        let little = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        return bytes(1, bytes(1, text) + varint(2 << 3 | 5) + little + number(3, kind))
    }
    static func piece(_ text: String, score: Float = 0, kind: UInt64 = 1) -> [UInt8] {
        piece(Array(text.utf8), score: score, kind: kind)
    }
    static let special = piece("<unk>", kind: 2) + piece("<s>", kind: 3) + piece("</s>", kind: 3)
    static let trainer = bytes(2, number(3, 2))
    static let normalizer = bytes(3, number(4, 0))
    static let model =
        special + piece("▁", score: -1) + piece("a", score: -2) + piece("▁a", score: -3) + trainer + normalizer
}
