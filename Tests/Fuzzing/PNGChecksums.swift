/// Damage that a checksum would give away is not what a reader has to fear.
enum PNGChecksums {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
    }

    /// The file with every chunk's checksum made right; three of four inputs, by their bytes.
    static func mended(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        guard bytes.reduce(0, &+) % 4 != 0 else { return bytes }
        var place = 8
        while place + 12 <= bytes.count {
            let length = bytes[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - place - 12 else { break }
            let sum = ~bytes[(place + 4)..<(place + 8 + length)].reduce(~UInt32(0)) {
                table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8)
            }
            for byte in 0..<4 {
                bytes[place + 8 + length + byte] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * byte))
            }
            place += 12 + length
        }
        return bytes
    }
}
