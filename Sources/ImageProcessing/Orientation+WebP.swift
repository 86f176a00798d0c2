extension Orientation {
    /// Looks at the EXIF and XMP chunks, where the header says that the file has them.
    init(webP bytes: ByteView) {
        let chunks = WebPChunks(bytes)
        guard let header = chunks.first("VP8X"), let flags = header[0] else {
            self.init(1)
            return
        }
        self.init(
            exif: flags & 0x08 != 0 ? chunks.first("EXIF") : nil, xmp: flags & 0x04 != 0 ? chunks.first("XMP ") : nil)
    }
}

/// The chunks of a RIFF file of type WEBP.
struct WebPChunks {
    private let bytes: ByteView

    init(_ bytes: ByteView) { self.bytes = bytes }

    /// The contents of the first chunk with a name. O(chunks).
    func first(_ name: String) -> ByteView? {
        var place = 12
        while let type = bytes.slice(place, count: 4), let length = bytes.number(place + 4, 4, bigEndian: false),
            let body = bytes.slice(place + 8, count: Int(length))
        {
            if type.equals(name) { return body }
            place += 8 + body.count + body.count % 2
        }
        return nil
    }
}
