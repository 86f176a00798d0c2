internal import CImageCodecs

extension Orientation {
    private static let exifHeader = Array("Exif\0\0".utf8)
    private static let xmpHeader = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
    /// Of a text that is unpacked; Pillow's own limit (`PngImagePlugin.MAX_TEXT_CHUNK`).
    private static let longestText = 1 << 20

    /// Segments before the picture's data: those of EXIF are joined, the last XMP packet counts.
    init(jpeg bytes: UnsafeBufferPointer<UInt8>) {
        var (exif, xmp): ([UInt8], [UInt8]) = ([], [])
        var place = 2
        while place + 4 <= bytes.count, bytes[place] == 0xFF {
            let marker = bytes[place + 1]
            if marker == 0xFF {
                place += 1
                continue
            }
            // Start of scan, or end: no more segments.
            guard marker != 0xDA, marker != 0xD9 else { break }
            let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
            guard length >= 2, place + 2 + length <= bytes.count else { break }
            let body = bytes[(place + 4)..<(place + 2 + length)]
            if marker == 0xE1, body.starts(with: Self.exifHeader) {
                exif += exif.isEmpty ? Array(body) : Array(body.dropFirst(Self.exifHeader.count))
            } else if marker == 0xE1, body.starts(with: Self.xmpHeader) {
                xmp = Array(body.dropFirst(Self.xmpHeader.count))
            }
            place += 2 + length
        }
        self.init(exif: exif, xmp: xmp)
    }

    /// Chunks anywhere: eXIf, else the text `Raw profile type exif`; XMP in the text `XML:com.adobe.xmp`.
    init(png bytes: UnsafeBufferPointer<UInt8>) {
        var (exif, xmp): ([UInt8]?, [UInt8]) = (nil, [])
        var profile: [UInt8]?
        var place = 8
        while place + 12 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
            guard length <= bytes.count - place - 12 else { break }
            let kind = String(decoding: bytes[(place + 4)..<(place + 8)], as: UTF8.self)
            let body = bytes[(place + 8)..<(place + 8 + length)]
            switch kind {
            case "eXIf": exif = Array(body)
            case "tEXt", "zTXt", "iTXt":
                // Pillow's longest keyword, 79 bytes, and its end.
                guard let end = body.prefix(80).firstIndex(of: 0) else { break }
                switch String(decoding: body[..<end], as: UTF8.self) {
                case "XML:com.adobe.xmp": xmp = Self.text(body[(end + 1)...], kind: kind) ?? xmp
                case "Raw profile type exif": profile = Self.text(body[(end + 1)...], kind: kind) ?? profile
                default: break
                }
            default: break
            }
            place += 12 + length
        }
        self.init(exif: exif ?? profile.map(Self.bytes(ofProfile:)) ?? [], xmp: xmp)
    }

    /// A text's characters behind its keyword, unpacked where they are packed.
    private static func text(_ body: Slice<UnsafeBufferPointer<UInt8>>, kind: String) -> [UInt8]? {
        switch kind {
        case "tEXt": return Array(body)
        case "zTXt": return body.first == 0 ? inflated(Array(body.dropFirst())) : nil
        default:
            // Flag and method of packing, then language and translated keyword, each with an end.
            guard body.count >= 2, let flag = body.first else { return nil }
            let parts = body.dropFirst(2).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return flag == 0 ? Array(parts[2]) : inflated(Array(parts[2]))
        }
    }

    private static func inflated(_ bytes: [UInt8]) -> [UInt8]? {
        var target = [UInt8](repeating: 0, count: longestText)
        var count = target.count
        guard ic_inflate(bytes, bytes.count, &target, &count) == 0 else { return nil }
        return Array(target.prefix(count))
    }

    /// The bytes that a profile's lines spell in hexadecimal, behind a blank line, its name and its length.
    private static func bytes(ofProfile text: [UInt8]) -> [UInt8] {
        let lines = text.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4 else { return [] }
        let digits = lines[3].filter { ![0x0A, 0x0D, 0x20, 0x09].contains($0) }
        let values = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard values.count == digits.count, values.count.isMultiple(of: 2) else { return [] }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }

    /// The chunks EXIF and XMP, the first of each.
    init(webP bytes: UnsafeBufferPointer<UInt8>) {
        var (exif, xmp): ([UInt8]?, [UInt8]?) = (nil, nil)
        var place = 12
        while place + 8 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[place + 4 + $1]) << (8 * $1) }
            guard length <= bytes.count - place - 8 else { break }
            let body = bytes[(place + 8)..<(place + 8 + length)]
            switch String(decoding: bytes[place..<(place + 4)], as: UTF8.self) {
            case "EXIF" where exif == nil: exif = Array(body)
            case "XMP " where xmp == nil: xmp = Array(body)
            default: break
            }
            place += 8 + length + length % 2
        }
        self.init(exif: exif ?? [], xmp: xmp ?? [])
    }
}
