/// What a file is that is no JPEG, PNG or WebP, so that an error can name it and say how to come by a picture.
public struct ForeignFormat: Sendable, Equatable {
    /// With its article: "a GIF picture".
    public let name: String
    /// How to make a picture of it.
    public let advice: String

    private init(_ name: String, _ advice: String) {
        self.name = name
        self.advice = advice
    }

    private static func picture(_ name: String, _ ending: String, from source: String = "") -> ForeignFormat {
        ForeignFormat(name, "convert it, as with: magick in.\(ending)\(source) out.png")
    }

    /// Looks at the first bytes; 4,096 are enough. Nil for what it does not know.
    init?(_ bytes: ByteView) {
        guard let found = Self.bySignature(bytes) ?? Self.byBox(bytes) ?? Self.byText(bytes) else { return nil }
        self = found
    }

    private static func bySignature(_ bytes: ByteView) -> ForeignFormat? {
        func starts(_ prefixes: [UInt8]...) -> Bool { prefixes.contains { bytes.starts(with: $0) } }
        func starts(_ prefixes: String...) -> Bool { prefixes.contains { bytes.starts(with: $0) } }
        if starts("GIF87a", "GIF89a") { return picture("a GIF picture", "gif", from: "'[0]'") }
        // The size of its header tells a bitmap from other things that begin with these letters.
        if starts("BM"), let size = bytes.number(14, 4, bigEndian: false), (12...124).contains(size) {
            return picture("a BMP picture", "bmp")
        }
        if starts([0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43]) {
            return picture("a TIFF picture, or a camera's raw file", "tif", from: "'[0]'")
        }
        if starts([0xFF, 0x0A], [0, 0, 0, 12, 0x4A, 0x58, 0x4C, 0x20, 13, 10, 0x87, 10]) {
            return ForeignFormat("a JPEG XL picture", "convert it, as with: djxl in.jxl out.png")
        }
        if starts([0xFF, 0x4F, 0xFF, 0x51], [0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20, 13, 10, 0x87, 10]) {
            return picture("a JPEG 2000 picture", "jp2")
        }
        if starts("8BPS") { return picture("a Photoshop file", "psd", from: "'[0]'") }
        if starts([0, 0, 1, 0]), let count = bytes.number(4, 2, bigEndian: false), (1...255).contains(count) {
            return picture("a Windows icon", "ico")
        }
        if starts([0x8A, 0x4D, 0x4E, 0x47], [0x8B, 0x4A, 0x4E, 0x47]) { return picture("an MNG animation", "mng") }
        if starts("qoif") { return picture("a QOI picture", "qoi") }
        if starts("DDS ") { return picture("a DDS texture", "dds") }
        if starts([0x76, 0x2F, 0x31, 0x01]) { return picture("an OpenEXR picture", "exr") }
        if starts("gimp xcf") { return picture("a GIMP file", "xcf") }
        if starts("P1\n", "P2\n", "P3\n", "P4\n", "P5\n", "P6\n", "P7\n") { return picture("a PNM picture", "ppm") }
        if starts("%PDF-") {
            return ForeignFormat("a PDF document", "render a page of it, as with: pdftoppm -png -r 150 in.pdf page")
        }
        if starts("%!PS") { return picture("a PostScript document", "ps", from: "'[0]'") }
        if starts("RIFF"), let type = bytes.slice(8, count: 4) {
            return type.equals("AVI ") ? video("an AVI video", "avi") : nil
        }
        if starts([0x1A, 0x45, 0xDF, 0xA3]) { return video("a Matroska or WebM video", "mkv") }
        if starts([0x1F, 0x8B]) { return ForeignFormat("a gzip archive", "unpack it first") }
        if starts([0x50, 0x4B, 3, 4]) {
            return ForeignFormat("a zip archive, or a document that is one", "unpack it first")
        }
        return nil
    }

    private static func video(_ name: String, _ ending: String) -> ForeignFormat {
        ForeignFormat(name, "take a frame of it, as with: ffmpeg -i in.\(ending) -frames:v 1 out.png")
    }

    /// Files of ISO's box format: the second box word is `ftyp`, then comes the brand.
    private static func byBox(_ bytes: ByteView) -> ForeignFormat? {
        guard bytes.slice(4, count: 4)?.equals("ftyp") == true, let brand = bytes.slice(8, count: 4) else { return nil }
        func isOneOf(_ names: String...) -> Bool { names.contains { brand.equals($0) } }
        if isOneOf("avif", "avis") { return picture("an AVIF picture", "avif") }
        if isOneOf("heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1") {
            return picture("a HEIC picture", "heic")
        }
        if isOneOf("crx ") { return picture("a camera's raw file", "cr3") }
        return video("an MP4 or QuickTime video", "mp4")
    }

    /// Text: what a failed download or a checkout without its large files leaves behind.
    private static func byText(_ bytes: ByteView) -> ForeignFormat? {
        let head = bytes.slice(0, count: min(bytes.count, 4096))?.array ?? []
        // A byte order mark and blanks may come first.
        let text = String(decoding: head, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
        if text.hasPrefix("version https://git-lfs.github.com/spec/") {
            return ForeignFormat("a Git LFS pointer, not the file itself", "fetch the file with: git lfs pull")
        }
        if text.hasPrefix("data:image/") {
            return ForeignFormat(
                "a data URL", "give the bytes that it stands for: what follows the comma, base64-decoded")
        }
        if text.hasPrefix("<svg") || (text.hasPrefix("<?xml") || text.hasPrefix("<!--")) && text.contains("<svg") {
            return ForeignFormat("an SVG drawing", "render it, as with: rsvg-convert in.svg -o out.png")
        }
        if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.contains("<html") && text.hasPrefix("<")
        {
            return ForeignFormat("an HTML page, as a failed download leaves", "download the picture itself")
        }
        if text.hasPrefix("<?xml") { return ForeignFormat("an XML document", "download the picture itself") }
        if text.hasPrefix("{") || text.hasPrefix("[") {
            return ForeignFormat("JSON text", "download the picture itself")
        }
        return nil
    }
}
