/// What is given in place of a picture that is read here, by its first bytes.
enum ForeignFormat: String, CaseIterable {
    case gif = "a GIF"
    case bmp = "a BMP"
    case tiff = "a TIFF"
    case heif = "an HEIC picture"
    case avif = "an AVIF picture"
    case jpegXL = "a JPEG XL picture"
    case jpeg2000 = "a JPEG 2000 picture"
    case icon = "an icon"
    case photoshop = "a Photoshop file"
    case pdf = "a PDF"
    case postScript = "a PostScript file"
    case svg = "an SVG drawing"
    case page = "a web page"
    case json = "a JSON text"
    case pointer = "a Git LFS pointer"
    case video = "a video"
    case zip = "a ZIP archive"
    case portable = "a Netpbm picture"
    case radiance = "a Radiance picture"
    case openEXR = "an OpenEXR picture"
    case raw = "a camera's raw file"

    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        func starts(_ text: String, at place: Int = 0) -> Bool { bytes.dropFirst(place).starts(with: text.utf8) }
        func startsBytes(_ prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }
        if starts("ftyp", at: 4) {
            switch String(decoding: bytes.dropFirst(8).prefix(4), as: UTF8.self) {
            case "avif", "avis": self = .avif
            case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1": self = .heif
            case "crx ": self = .raw
            default: self = .video
            }
            return
        }
        let text = String(decoding: bytes.prefix(512), as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }
            .lowercased()
        let found: ForeignFormat? =
            if starts("GIF8") { .gif } else if starts("BM"), bytes.count > 26, bytes[6..<10].allSatisfy({ $0 == 0 }) {
                .bmp
            } else if startsBytes([0x49, 0x49, 42, 0]) || startsBytes([0x4D, 0x4D, 0, 42]) {
                .tiff
            } else if startsBytes([0x49, 0x49, 43, 0]) || startsBytes([0x4D, 0x4D, 0, 43]) {
                .tiff
            } else if startsBytes([0xFF, 0x0A]) || starts("JXL ", at: 4) {
                .jpegXL
            } else if starts("jP  ", at: 4) || startsBytes([0xFF, 0x4F, 0xFF, 0x51]) {
                .jpeg2000
            } else if startsBytes([0, 0, 1, 0]) || startsBytes([0, 0, 2, 0]) { .icon } else if starts("8BPS") {
                .photoshop
            } else if starts("%PDF") { .pdf } else if starts("%!PS") {
                .postScript
            } else if startsBytes([0x50, 0x4B, 3, 4]) { .zip } else if startsBytes([0x76, 0x2F, 0x31, 0x01]) {
                .openEXR
            } else if starts("#?RADIANCE") {
                .radiance
            } else if startsBytes([0x1A, 0x45, 0xDF, 0xA3]) || starts("RIFF") && starts("AVI ", at: 8) {
                .video
            } else if starts("version https://git-lfs") {
                .pointer
            } else if text.hasPrefix("<svg") || text.hasPrefix("<?xml") && text.contains("<svg") {
                .svg
            } else if text.hasPrefix("<!doctype") || text.hasPrefix("<html") || text.hasPrefix("<?xml") {
                .page
            } else if text.hasPrefix("{") {
                .json
            } else if bytes.count > 2, bytes[0] == 0x50, (0x31...0x37).contains(bytes[1]),
                [0x0A, 0x20].contains(bytes[2])
            {
                .portable
            } else { nil }
        guard let found else { return nil }
        self = found
    }
}
