extension Orientation {
    /// Looks at the segments before the first scan: EXIF in APP1, in several joined, and XMP in the last APP1 that has it.
    init(jpeg bytes: ByteView) {
        var exif: [UInt8]?
        var xmp: ByteView?
        var place = 2
        while let marker = Self.nextMarker(bytes, &place), marker != Self.startOfScan {
            guard Self.hasLength(marker) else { continue }
            guard let length = bytes.number(place, 2, bigEndian: true),
                let body = bytes.slice(place + 2, count: max(Int(length) - 2, 0))
            else { break }
            place += 2 + body.count
            guard marker == Self.app1 else { continue }
            if body.starts(with: Self.exifPrefix) {
                // Its own prefix may stay: the reader passes over it.
                if exif == nil { exif = body.array } else { exif?.append(body.dropFirst(Self.exifPrefix.count)) }
            } else if body.starts(with: Self.xmpPrefix) {
                xmp = body.dropFirst(Self.xmpPrefix.count)
            }
        }
        guard let exif else {
            self.init(exif: nil, xmp: xmp)
            return
        }
        self = exif.withByteView { Orientation(exif: $0, xmp: xmp) }
    }

    private static let xmpPrefix = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
    private static let app1: UInt8 = 0xE1
    private static let startOfScan: UInt8 = 0xDA

    /// The next marker; bytes between segments are passed over. Nil where there is none.
    private static func nextMarker(_ bytes: ByteView, _ place: inout Int) -> UInt8? {
        while let start = bytes.firstIndex(of: 0xFF, from: place) {
            place = start + 1
            while bytes[place] == 0xFF { place += 1 }
            guard let marker = bytes[place] else { return nil }
            place += 1
            // An escaped 0xFF is no marker; below 0xC0 there is none that Pillow knows.
            if marker == 0 { continue }
            return marker >= 0xC0 ? marker : nil
        }
        return nil
    }

    /// Restart, start and end markers and the reserved ones stand alone.
    private static func hasLength(_ marker: UInt8) -> Bool {
        switch marker {
        case 0xC8, 0xD0...0xD9, 0xF0...0xFD: false
        default: true
        }
    }
}
