/// The table of contents of a ZIP file, with ZIP64 (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3).
///
/// No SwiftPM package among those at hand reads ZIP files. Check sums are not verified, as PyTorch's own reader does
/// not; sizes and places are.
struct ZipDirectory: Sendable {
    struct Entry: Sendable, Hashable {
        var isDeflated: Bool
        /// Size of the contents, unpacked.
        var byteCount: Int
        /// Where the packed contents are in the file.
        var packed: Range<Int>
    }

    var entries: [String: Entry]

    /// A hundred times what a shard of the largest models has.
    private static let directoryLimit = 64 << 20
    /// Deflate packs at most 258 bytes into two bits.
    private static let largestRatio = 1032
    private static let endSize = 22
    private static let longestComment = 0xFFFF

    /// Whether a file begins as a ZIP file does.
    static func isZip(_ start: [UInt8]) -> Bool { start.starts(with: [0x50, 0x4B, 0x03, 0x04]) }

    /// Reads the directory at the file's end, and every entry's own header.
    /// - Throws: `CheckpointError`.
    init(_ file: ReadOnlyFile) throws {
        let (place, count) = try Self.findDirectory(file)
        guard place.count <= Self.directoryLimit else {
            throw CheckpointError.damaged(file.name, "has a ZIP directory of \(place.count) bytes")
        }
        let reader = ByteReader(bytes: try file.bytes(at: place.lowerBound, count: place.count), name: file.name)
        entries = [:]
        var offset = 0
        for _ in 0..<count {
            guard try reader.number(at: offset, width: 4) == 0x0201_4B50 else {
                throw CheckpointError.damaged(file.name, "has a broken ZIP directory")
            }
            let nameCount = try reader.number(at: offset + 28, width: 2)
            let extraCount = try reader.number(at: offset + 30, width: 2)
            let commentCount = try reader.number(at: offset + 32, width: 2)
            let name = String(decoding: try reader.slice(at: offset + 46, count: nameCount), as: UTF8.self)
            let entry = try Self.entry(reader, at: offset, extra: offset + 46 + nameCount, extraCount: extraCount, file)
            guard entries.updateValue(entry, forKey: name) == nil else {
                throw CheckpointError.damaged(file.name, "holds \(CheckpointError.quoted(name)) twice")
            }
            offset += 46 + nameCount + extraCount + commentCount
        }
    }

    private static func findDirectory(_ file: ReadOnlyFile) throws -> (Range<Int>, count: Int) {
        let noEnd = CheckpointError.damaged(file.name, "has no ZIP directory")
        let tailSize = min(file.byteCount, endSize + longestComment)
        guard tailSize >= endSize else { throw noEnd }
        let tailStart = file.byteCount - tailSize
        let tail = ByteReader(bytes: try file.bytes(at: tailStart, count: tailSize), name: file.name)
        var end = tailSize - endSize
        while end >= 0 {
            let isEnd = try tail.number(at: end, width: 4) == 0x0605_4B50
            if isEnd, try tail.number(at: end + 20, width: 2) == tailSize - end - endSize { break }
            end -= 1
        }
        guard end >= 0 else { throw noEnd }
        var count = try tail.number(at: end + 10, width: 2)
        var size = try tail.number(at: end + 12, width: 4)
        var start = try tail.number(at: end + 16, width: 4)
        if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
            let locator = tailStart + end - 20
            guard locator >= 0 else { throw noEnd }
            let found = ByteReader(bytes: try file.bytes(at: locator, count: 20), name: file.name)
            guard try found.number(at: 0, width: 4) == 0x0706_4B50 else { throw noEnd }
            let place = try found.number(at: 8, width: 8)
            guard place <= locator - 56 else { throw noEnd }
            let record = ByteReader(bytes: try file.bytes(at: place, count: 56), name: file.name)
            guard try record.number(at: 0, width: 4) == 0x0606_4B50 else { throw noEnd }
            count = try record.number(at: 32, width: 8)
            size = try record.number(at: 40, width: 8)
            start = try record.number(at: 48, width: 8)
        }
        guard start <= file.byteCount, size <= file.byteCount - start, count <= size / 46 else { throw noEnd }
        return (start..<start + size, count)
    }

    private static func entry(
        _ reader: ByteReader, at offset: Int, extra: Int, extraCount: Int, _ file: ReadOnlyFile
    ) throws -> Entry {
        let flags = try reader.number(at: offset + 8, width: 2)
        let method = try reader.number(at: offset + 10, width: 2)
        guard flags & 1 == 0, method == 0 || method == 8 else {
            throw CheckpointError(
                .unsupported, file: file.name,
                problem: "holds an entry that is encrypted or packed by method \(method)",
                remedy: "save the checkpoint again with torch.save")
        }
        var packedCount = try reader.number(at: offset + 20, width: 4)
        var byteCount = try reader.number(at: offset + 24, width: 4)
        var header = try reader.number(at: offset + 42, width: 4)
        var field = try wideFields(reader, at: extra, count: extraCount)
        func widen(_ value: inout Int) throws {
            guard value == 0xFFFF_FFFF else { return }
            value = try reader.number(at: field, width: 8)
            field += 8
        }
        try widen(&byteCount)
        try widen(&packedCount)
        try widen(&header)
        let outside = CheckpointError.damaged(file.name, "holds an entry that reaches past its end")
        guard header <= file.byteCount, 30 <= file.byteCount - header else { throw outside }
        let local = ByteReader(bytes: try file.bytes(at: header, count: 30), name: file.name)
        guard try local.number(at: 0, width: 4) == 0x0403_4B50 else {
            throw CheckpointError.damaged(file.name, "has a ZIP directory that points to no entry")
        }
        let start = header + 30 + (try local.number(at: 26, width: 2)) + (try local.number(at: 28, width: 2))
        guard start <= file.byteCount, packedCount <= file.byteCount - start else { throw outside }
        guard method == 8 || packedCount == byteCount else {
            throw CheckpointError.damaged(file.name, "holds an unpacked entry with two sizes")
        }
        guard method == 0 || byteCount / largestRatio <= packedCount else {
            throw CheckpointError.damaged(file.name, "claims \(byteCount) bytes in \(packedCount) deflated ones")
        }
        return Entry(isDeflated: method == 8, byteCount: byteCount, packed: start..<start + packedCount)
    }

    /// Where the 64-bit sizes are among an entry's extra fields; the fields' end when there are none.
    private static func wideFields(_ reader: ByteReader, at start: Int, count: Int) throws -> Int {
        var offset = start
        while offset + 4 <= start + count {
            if try reader.number(at: offset, width: 2) == 1 { return offset + 4 }
            offset += 4 + (try reader.number(at: offset + 2, width: 2))
        }
        // No number is there to be read.
        return reader.bytes.count
    }
}
