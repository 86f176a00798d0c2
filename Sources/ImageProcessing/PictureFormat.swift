/// A format that is read here, told by a file's first bytes.
enum PictureFormat {
    case jpeg, png, webP

    /// - Throws: `ImageError.empty`, `.foreign` for a format that has a name, `.notAnImage`.
    init(_ bytes: ByteView, name: String) throws {
        guard bytes.count > 0 else { throw ImageError.empty(name: name) }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: "RIFF"), bytes.slice(8, count: 4)?.equals("WEBP") == true {
            self = .webP
        } else if let format = ForeignFormat(bytes) {
            throw ImageError.foreign(name: name, format: format)
        } else {
            throw ImageError.notAnImage(name: name)
        }
    }
}
