/// The first directory of the TIFF file that EXIF data are, as Pillow 11 reads it (`TiffImagePlugin`,
/// `ImageFileDirectory_v2.load`).
enum EXIFDirectory {
    private static let orientationTag = 0x0112
    private static let prefix = Array("Exif\0\0".utf8)

    /// - Returns: the orientation's number, 0 where it is there and no whole number; nil where the tag is missing.
    static func orientation(_ bytes: [UInt8]) -> Int? {
        var tiff = bytes[...]
        while tiff.starts(with: prefix) { tiff = tiff.dropFirst(prefix.count) }
        return TIFF(bytes: Array(tiff)).flatMap { $0.first(orientationTag) }
    }

    private struct TIFF {
        let bytes: [UInt8]
        let isBigEndian: Bool

        init?(bytes: [UInt8]) {
            guard bytes.count >= 8 else { return nil }
            // The second of each pair is written by some programs and taken by Pillow.
            switch Array(bytes.prefix(4)) {
            case [0x4D, 0x4D, 0, 42], [0x4D, 0x4D, 42, 0]: isBigEndian = true
            case [0x49, 0x49, 42, 0], [0x49, 0x49, 0, 42]: isBigEndian = false
            default: return nil
            }
            self.bytes = bytes
        }

        /// The last entry of a tag counts. An entry that points outside ends the directory.
        func first(_ tag: Int) -> Int? {
            let directory = Int(number(at: 4, count: 4))
            guard directory <= bytes.count - 2 else { return nil }
            var found: Int?
            for entry in 0..<Int(number(at: directory, count: 2)) {
                let place = directory + 2 + 12 * entry
                guard place + 12 <= bytes.count else { break }
                guard let type = ElementType(rawValue: Int(number(at: place + 2, count: 2))) else { continue }
                let count = Int(number(at: place + 4, count: 4)) * type.byteCount
                let offset = count > 4 ? Int(number(at: place + 8, count: 4)) : place + 8
                guard count <= bytes.count - offset else { break }
                guard count > 0, Int(number(at: place, count: 2)) == tag else { continue }
                found = value(type, at: offset)
            }
            return found
        }

        /// Types of TIFF; those in which no number is stored count as 0.
        private enum ElementType: Int {
            case byte = 1
            case ascii, short, long, rational, signedByte, undefined, signedShort, signedLong, signedRational, float
            case double, directory
            case long8 = 16

            var byteCount: Int {
                switch self {
                case .byte, .ascii, .signedByte, .undefined: 1
                case .short, .signedShort: 2
                case .long, .signedLong, .float, .directory: 4
                case .rational, .signedRational, .double, .long8: 8
                }
            }
        }

        private func value(_ type: ElementType, at place: Int) -> Int {
            switch type {
            case .byte, .ascii, .undefined: return 0
            case .signedByte: return Int(Int8(bitPattern: bytes[place]))
            case .short: return Int(number(at: place, count: 2))
            case .signedShort: return Int(Int16(truncatingIfNeeded: number(at: place, count: 2)))
            case .long, .directory: return Int(number(at: place, count: 4))
            case .signedLong: return Int(Int32(truncatingIfNeeded: number(at: place, count: 4)))
            case .long8: return Int(exactly: number(at: place, count: 8)) ?? 0
            case .float:
                return Int(exactly: Float(bitPattern: UInt32(truncatingIfNeeded: number(at: place, count: 4)))) ?? 0
            case .double: return Int(exactly: Double(bitPattern: number(at: place, count: 8))) ?? 0
            case .rational, .signedRational:
                var (above, below) = (Int(number(at: place, count: 4)), Int(number(at: place + 4, count: 4)))
                if type == .signedRational {
                    (above, below) = (Int(Int32(truncatingIfNeeded: above)), Int(Int32(truncatingIfNeeded: below)))
                }
                return below != 0 && above % below == 0 ? above / below : 0
            }
        }

        private func number(at place: Int, count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 << 8 | UInt64(bytes[place + (isBigEndian ? $1 : count - 1 - $1)]) }
        }
    }
}

/// An XMP packet, of which Pillow 11 searches the text (`Image.getexif`).
enum XMPPacket {
    private static let key = Array("tiff:Orientation".utf8)

    /// The digit behind the first `tiff:Orientation="` or `tiff:Orientation>`.
    static func orientation(_ bytes: [UInt8]) -> Int? {
        var rest = bytes[...]
        while let start = rest.firstIndex(of: key[0]) {
            rest = rest[start...]
            if rest.starts(with: key) {
                let behind = rest.dropFirst(key.count)
                for mark in ["=\"", ">"] where behind.starts(with: mark.utf8) {
                    if let digit = behind.dropFirst(mark.utf8.count).first, (0x30...0x39).contains(digit) {
                        return Int(digit) - 0x30
                    }
                }
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}
