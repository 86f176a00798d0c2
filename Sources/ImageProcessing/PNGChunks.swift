import CZlib

/// The chunks of a PNG file one after another, up to IEND or the first that is not whole.
struct PNGChunks: Sequence, IteratorProtocol {
    struct Chunk {
        let type: ByteView
        let body: ByteView
        let checksum: UInt64?

        /// Whether the checksum is there and right. O(length).
        var isIntact: Bool {
            let start = type.withUnsafeBytes { crc32(0, $0.baseAddress, uInt($0.count)) }
            return body.withUnsafeBytes { UInt64(crc32_z(start, $0.baseAddress, $0.count)) } == checksum
        }
    }

    private let bytes: ByteView
    private var place = 8
    private var isOver = false
    /// Bytes that the chunk after the last whole one says it has and the file has not.
    private(set) var missing = 0
    /// Bytes up to there are whole chunks, and the one of picture data that is cut.
    private(set) var usableCount = 8

    init(_ bytes: ByteView) { self.bytes = bytes }

    mutating func next() -> Chunk? {
        guard !isOver, let length = bytes.number(place, 4, bigEndian: true),
            let type = bytes.slice(place + 4, count: 4),
            Self.isName(type)
        else { return nil }
        guard let body = bytes.slice(place + 8, count: Int(length)) else {
            // A picture's last chunk may be cut; what it has of picture data is for the decoder to judge.
            if type.equals("IDAT") {
                missing = Int(length) - (bytes.count - place - 8)
                usableCount = bytes.count
            }
            place = bytes.count
            return nil
        }
        isOver = type.equals("IEND")
        place += 8 + body.count
        let checksum = bytes.number(place, 4, bigEndian: true)
        place += 4
        usableCount = Swift.min(place, bytes.count)
        return Chunk(type: type, body: body, checksum: checksum)
    }

    private static func isName(_ type: ByteView) -> Bool {
        type.withUnsafeBytes {
            $0.allSatisfy {
                (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
            }
        }
    }
}
