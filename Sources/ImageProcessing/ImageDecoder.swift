public import Foundation
public import HiRED

/// Decodes JPEG, PNG and WebP to RGB. The format is told by the contents, not by the name.
///
/// The pixels are those of Pillow 11.3's `convert("RGB")` after `ImageOps.exif_transpose`, but for two choices of our
/// own: transparency is laid over white, since a model sees no transparency and pages are white (Pillow would show what
/// lies under it), and 16-bit grey keeps its high byte (Pillow cuts it off at 255). Of an animated PNG the first picture
/// is taken; animated WebP is refused.
///
/// A decoded picture takes 3 bytes a pixel, twice that while it is turned upright. While decoding, a progressive JPEG
/// takes up to 8 bytes a pixel more, an interlaced PNG or a WebP with transparency 4 more.
public struct ImageDecoder: Sendable {
    /// The largest picture that is decoded, in pixels; checked in the header, before memory is taken.
    public var pixelLimit: Int

    public static let standardPixelLimit = 100_000_000

    public init(pixelLimit: Int = ImageDecoder.standardPixelLimit) {
        self.pixelLimit = pixelLimit
    }

    /// - Throws: `ImageError`.
    public func decode(contentsOf url: URL) throws -> RGBImage {
        try decode(try data(contentsOf: url), name: url.path)
    }

    /// A file's bytes, read to the end whatever it is: a file, a pipe, a device.
    ///
    /// Ends at once where the first bytes are no picture, and at what the largest picture takes uncompressed: 8 bytes
    /// for each pixel of the limit, and 64 MB for what else a file may hold.
    ///
    /// - Throws: `ImageError`.
    public func data(contentsOf url: URL) throws -> Data {
        let pixels = min(max(pixelLimit, 0), Self.mostPixels)
        return try PictureFile.read(url.path, byteLimit: 8 * pixels + (64 << 20)) { start in
            _ = try PictureFormat(start, name: url.path)
        }
    }

    /// - Parameter name: what errors call the picture.
    /// - Throws: `ImageError`.
    public func decode(_ data: Data, name: String) throws -> RGBImage {
        try read(data, name: name) { bytes, format in
            switch format {
            case .jpeg: Orientation(jpeg: ByteView(bytes)).apply(to: try decodeJPEG(bytes, name: name))
            case .png: Orientation(png: ByteView(bytes)).apply(to: try decodePNG(bytes, name: name))
            case .webP: Orientation(webP: ByteView(bytes)).apply(to: try decodeWebP(bytes, name: name))
            }
        }
    }

    /// A picture's size once it is turned upright, from its header alone.
    ///
    /// - Throws: `ImageError`.
    public func size(of data: Data, name: String) throws -> PixelSize {
        try read(data, name: name) { bytes, format in
            switch format {
            case .jpeg: Orientation(jpeg: ByteView(bytes)).apply(to: try sizeOfJPEG(bytes, name: name))
            case .png: Orientation(png: ByteView(bytes)).apply(to: try sizeOfPNG(bytes, name: name))
            case .webP: Orientation(webP: ByteView(bytes)).apply(to: try sizeOfWebP(bytes, name: name))
            }
        }
    }

    private func read<Result>(
        _ data: Data, name: String, _ body: (UnsafeBufferPointer<UInt8>, PictureFormat) throws -> Result
    ) throws -> Result {
        try data.withUnsafeBytes { raw in
            let bytes = raw.bindMemory(to: UInt8.self)
            return try body(bytes, try PictureFormat(ByteView(bytes), name: name))
        }
    }

    /// However high the limit, a picture must fit in half of the machine's memory, turned upright too: an array that does
    /// not ends the process.
    private static let mostPixels = Int(clamping: ProcessInfo.processInfo.physicalMemory / 12)

    /// - Throws: `ImageError.tooLarge`, `.tooLargeForMemory`, or `.malformed` for an empty picture.
    func checkSize(width: Int, height: Int, name: String) throws {
        guard width > 0, height > 0 else { throw ImageError.malformed(name: name, reason: "it has no pixels") }
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= pixelLimit else {
            throw ImageError.tooLarge(name: name, width: width, height: height, limit: pixelLimit)
        }
        guard pixels <= Self.mostPixels else {
            throw ImageError.tooLargeForMemory(name: name, width: width, height: height)
        }
    }
}
