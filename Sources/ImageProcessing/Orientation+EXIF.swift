extension Orientation {
    private static let tag: UInt64 = 0x0112
    static let exifPrefix: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

    /// The orientation in the first directory of EXIF's TIFF structure; nil where there is none, 0 for one that cannot be
    /// used, as a value that counts as no number to Pillow (`TiffImagePlugin.ImageFileDirectory_v2`).
    static func inEXIF(_ exif: ByteView) -> Int? {
        var tiff = exif
        while tiff.starts(with: exifPrefix) { tiff = tiff.dropFirst(exifPrefix.count) }
        // The last two are wrong in the byte order of 42 alone; Pillow reads them.
        let isBig = tiff.starts(with: [0x4D, 0x4D, 0, 42]) || tiff.starts(with: [0x4D, 0x4D, 42, 0])
        let isLittle = tiff.starts(with: [0x49, 0x49, 42, 0]) || tiff.starts(with: [0x49, 0x49, 0, 42])
        guard tiff.count > 0 else { return nil }
        // Pillow does not get beyond a structure without its header, nor on to XMP.
        guard isBig || isLittle, let start = tiff.number(4, 4, bigEndian: isBig) else { return 0 }
        guard let count = tiff.number(Int(start), 2, bigEndian: isBig) else { return nil }
        // The last entry with the tag wins; one that cannot be read ends the directory.
        var found: Int?
        for entry in 0..<Int(count) {
            guard let entry = tiff.slice(Int(start) + 2 + 12 * entry, count: 12),
                let type = entry.number(2, 2, bigEndian: isBig), let values = entry.number(4, 4, bigEndian: isBig)
            else { break }
            guard let size = sizes[type] else { continue }
            let byteCount = Int(values) * size
            let data: ByteView?
            if byteCount > 4 {
                data = entry.number(8, 4, bigEndian: isBig).flatMap { tiff.slice(Int($0), count: byteCount) }
            } else {
                data = entry.slice(8, count: byteCount)
            }
            guard let data else { break }
            guard byteCount > 0, entry.number(0, 2, bigEndian: isBig) == tag else { continue }
            found = value(data, type: type, bigEndian: isBig)
        }
        return found
    }

    /// Bytes of one value by TIFF type; Pillow passes over others.
    private static let sizes: [UInt64: Int] = [
        1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8,
    ]

    /// The first value where it equals a whole number from 1 to 8, else 0. Bytes and text (types 1, 2, 7) never do.
    private static func value(_ data: ByteView, type: UInt64, bigEndian: Bool) -> Int {
        func number(_ count: Int, at place: Int = 0) -> UInt64 { data.number(place, count, bigEndian: bigEndian) ?? 0 }
        let value: Double =
            switch type {
            case 3: Double(number(2))
            case 4, 13: Double(number(4))
            case 16: Double(number(8))
            case 6: Double(Int8(truncatingIfNeeded: number(1)))
            case 8: Double(Int16(truncatingIfNeeded: number(2)))
            case 9: Double(Int32(truncatingIfNeeded: number(4)))
            case 5: Double(number(4)) / Double(number(4, at: 4))
            case 10:
                Double(Int32(truncatingIfNeeded: number(4))) / Double(Int32(truncatingIfNeeded: number(4, at: 4)))
            case 11: Double(Float(bitPattern: UInt32(truncatingIfNeeded: number(4))))
            case 12: Double(bitPattern: number(8))
            default: 0
            }
        return (1...8).first { Double($0) == value } ?? 0
    }
}
