import CZlib

extension Orientation {
    /// Looks at eXIf, at EXIF and XMP in text chunks, before and behind the picture data. Of an animation with several
    /// frames, up to the second.
    init(png bytes: ByteView) {
        var notes = PNGNotes()
        for chunk in PNGChunks(bytes) where !notes.take(chunk) { break }
        self = notes.orientation
    }
}

/// What a PNG's chunks say of its orientation, collected as Pillow does (`PngImagePlugin.PngStream`): the last chunk of
/// a name wins.
private struct PNGNotes {
    private var exif: [UInt8]?
    private var profile: [UInt8]?
    private var xmp: [UInt8]?
    /// XMP whose packet is proper text; goes before the other.
    private var xmpText: [UInt8]?
    private var hasData = false
    private var frames: UInt64?
    private var hasFrameControl = false
    private var unpackedBytes = 0
    /// What one unpacked text may have, and all together, as in Pillow.
    private static let textLimit = 1 << 20
    private static let totalTextLimit = 64 << 20

    var orientation: Orientation {
        let xmp = (xmpText.flatMap { $0.isEmpty ? nil : $0 } ?? self.xmp) ?? []
        return (exif ?? profile.flatMap(Self.unhex) ?? []).withByteView { exif in
            xmp.withByteView { Orientation(exif: exif, xmp: $0) }
        }
    }

    /// Takes a chunk in; false where Pillow reads no further.
    mutating func take(_ chunk: PNGChunks.Chunk) -> Bool {
        if chunk.type.equals("IEND") { return false }
        if chunk.type.equals("eXIf") { exif = chunk.body.array }
        if chunk.type.equals("tEXt") { takeText(chunk.body) }
        if chunk.type.equals("zTXt") { takeCompressed(chunk.body) }
        if chunk.type.equals("iTXt") { takeInternational(chunk.body) }
        if chunk.type.equals("acTL") { frames = frames == nil ? chunk.body.number(0, 4, bigEndian: true) : nil }
        if chunk.type.equals("IDAT"), !hasData {
            hasData = true
            // The picture before the first frame is one more.
            if let count = frames, !hasFrameControl { frames = count + 1 }
        }
        if chunk.type.equals("fcTL") {
            if hasData, let frames, frames > 1 { return false }
            hasFrameControl = true
        }
        return true
    }

    /// Keyword, 0, text.
    private mutating func takeText(_ body: ByteView) {
        guard let (key, text) = body.split() else { return }
        if key.equals("exif") { exif = text.array }
        keep(key, text.array)
    }

    /// Keyword, 0, method (0 is deflate), packed text.
    private mutating func takeCompressed(_ body: ByteView) {
        guard let (key, rest) = body.split(), rest[0] == 0 else { return }
        keep(key, unpack(rest.dropFirst(1)) ?? [])
    }

    /// Keyword, 0, whether packed, method, language, 0, translated keyword, 0, text.
    private mutating func takeInternational(_ body: ByteView) {
        guard let (key, rest) = body.split(), let isPacked = rest[0], let method = rest[1],
            let (language, afterLanguage) = rest.dropFirst(2).split(), let (translated, packed) = afterLanguage.split(),
            isPacked == 0 || method == 0
        else { return }
        guard let text = isPacked == 0 ? packed.array : unpack(packed) else { return }
        if key.equals("XML:com.adobe.xmp") { xmp = text }
        let isProper = [language.array, translated.array, text].allSatisfy {
            String(validating: $0, as: UTF8.self) != nil
        }
        if isProper { keep(key, text) }
    }

    private mutating func unpack(_ packed: ByteView) -> [UInt8]? {
        guard unpackedBytes < Self.totalTextLimit else { return nil }
        let text = packed.inflated(limit: Self.textLimit)
        unpackedBytes += text?.count ?? 0
        return text
    }

    private mutating func keep(_ key: ByteView, _ text: [UInt8]) {
        if key.equals("Raw profile type exif") { profile = text }
        if key.equals("XML:com.adobe.xmp") { xmpText = text }
    }

    /// ImageMagick's way: three lines (empty, name, length), then hexadecimal digits with line ends between.
    private static func unhex(_ text: [UInt8]) -> [UInt8]? {
        let digits =
            text.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false).dropFirst(3).first ?? []
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in digits where digit != 0x0A {
            // Blanks may stand between two bytes, not within one.
            if high == nil, [0x20, 0x09, 0x0B, 0x0C, 0x0D].contains(digit) { continue }
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        return high == nil ? bytes : nil
    }
}

extension ByteView {
    /// What stands before the first 0 and behind it; nil where there is none.
    fileprivate func split() -> (ByteView, ByteView)? {
        guard let zero = firstIndex(of: 0), let head = slice(0, count: zero) else { return nil }
        return (head, dropFirst(zero + 1))
    }

    /// Unpacked by zlib; nil where that fails or gives more than `limit` bytes.
    fileprivate func inflated(limit: Int) -> [UInt8]? {
        withUnsafeBytes { packed in
            var stream = z_stream()
            guard packed.count <= Int(uInt.max),
                inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
            else { return nil }
            defer { inflateEnd(&stream) }
            stream.next_in = UnsafeMutablePointer(mutating: packed.baseAddress)
            stream.avail_in = uInt(packed.count)
            var isUsable = false
            let text = [UInt8](unsafeUninitializedCapacity: limit) { target, count in
                stream.next_out = target.baseAddress
                stream.avail_out = uInt(limit)
                let status = inflate(&stream, Z_FINISH)
                // A stream that breaks off gives what it has.
                isUsable = status == Z_STREAM_END || (status == Z_BUF_ERROR && stream.avail_in == 0)
                count = limit - Int(stream.avail_out)
            }
            return isUsable ? text : nil
        }
    }
}
