public import Foundation
public import HiRED

/// Decodes JPEG, PNG and WebP to RGB. The format is told by the contents, not by the name.
///
/// EXIF orientation is applied, as Pillow's `ImageOps.exif_transpose` does. Transparency is laid over white: our own
/// choice, since a model sees no transparency and pages are white (Pillow's plain conversion would show what lies
/// under it). 16-bit PNG keeps the high byte.
public struct ImageDecoder: Sendable {
    /// The largest picture that is decoded, in pixels; checked in the header, before memory is taken.
    public var pixelLimit: Int

    /// Above what most cameras make; a phone's 200 megapixels are a matter of choice.
    public static let defaultPixelLimit = 100_000_000

    public init(pixelLimit: Int = defaultPixelLimit) {
        self.pixelLimit = pixelLimit
    }

    /// - Throws: `ImageError`.
    public func decode(contentsOf url: URL) throws -> RGBImage {
        try decode(try data(contentsOf: url), name: url.path)
    }

    /// A file's bytes, not looked at yet.
    ///
    /// - Throws: `ImageError.missing`, `.unreadable`.
    public func data(contentsOf url: URL) throws -> Data {
        guard FileManager.default.fileExists(atPath: url.path) else { throw ImageError.missing(path: url.path) }
        do {
            let file = try FileHandle(forReadingFrom: url)
            defer { try? file.close() }
            // A file is mapped. A pipe has no size and is read to its end.
            let kind = try FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)[.type]
            if kind as? FileAttributeType == .typeRegular { return try Data(contentsOf: url, options: .mappedIfSafe) }
            return try Self.contents(of: file, name: url.path, limit: pipeLimit)
        } catch let error as ImageError {
            throw error
        } catch {
            throw ImageError.unreadable(path: url.path, reason: Self.reason(error))
        }
    }

    /// Most bytes that are read of a pipe: as many as the largest picture has unpacked.
    private var pipeLimit: Int { max(1 << 20, min(pixelLimit, Int.max / 8) * 4) }

    private static func contents(of file: FileHandle, name: String, limit: Int) throws -> Data {
        var data = Data()
        while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
            data += part
            guard data.count <= limit else {
                throw ImageError.unreadable(path: name, reason: "it does not end within \(limit >> 20) MB")
            }
        }
        return data
    }

    /// The system's own words where there are some; Foundation's are about permissions whatever has happened.
    private static func reason(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        return cause.domain == NSPOSIXErrorDomain
            ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
    }

    /// - Parameter name: what errors call the picture.
    /// - Throws: `ImageError`.
    public func decode(_ data: Data, name: String) throws -> RGBImage {
        try read(data, name: name) { bytes, format in
            switch format {
            case .jpeg: Orientation(jpeg: bytes).apply(to: try decodeJPEG(bytes, name: name))
            case .png: Orientation(png: bytes).apply(to: try decodePNG(bytes, name: name))
            case .webP: Orientation(webP: bytes).apply(to: try decodeWebP(bytes, name: name))
            }
        }
    }

    /// A picture's size once it is turned upright, from its header alone.
    ///
    /// - Throws: `ImageError`.
    public func size(of data: Data, name: String) throws -> PixelSize {
        try read(data, name: name) { bytes, format in
            switch format {
            case .jpeg: Orientation(jpeg: bytes).apply(to: try sizeOfJPEG(bytes, name: name))
            case .png: Orientation(png: bytes).apply(to: try sizeOfPNG(bytes, name: name))
            case .webP: Orientation(webP: bytes).apply(to: try sizeOfWebP(bytes, name: name))
            }
        }
    }

    private enum Format { case jpeg, png, webP }

    private func read<Result>(
        _ data: Data, name: String, _ body: (UnsafeBufferPointer<UInt8>, Format) throws -> Result
    ) throws -> Result {
        guard !data.isEmpty else { throw ImageError.empty(name: name) }
        return try data.withUnsafeBytes { raw in
            let bytes = raw.bindMemory(to: UInt8.self)
            if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return try body(bytes, .jpeg) }
            if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return try body(bytes, .png) }
            if bytes.count >= 12, bytes.starts(with: "RIFF".utf8), bytes[8..<12].elementsEqual("WEBP".utf8) {
                return try body(bytes, .webP)
            }
            if let found = ForeignFormat(bytes) {
                throw ImageError.unsupported(name: name, what: found.rawValue)
            }
            throw ImageError.notAnImage(name: name)
        }
    }

    /// - Throws: `ImageError.tooLarge`, or `.malformed` for an empty picture.
    func checkSize(width: Int, height: Int, name: String) throws {
        guard width > 0, height > 0 else { throw ImageError.malformed(name: name, reason: "it has no pixels") }
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= pixelLimit else {
            throw ImageError.tooLarge(name: name, width: width, height: height, limit: pixelLimit)
        }
    }
}

extension RGBImage {
    /// RGBA laid over white: c·a + 255·(1 − a), rounded.
    init(overWhite rgba: UnsafeBufferPointer<UInt8>, width: Int, height: Int) {
        self.init(width: width, height: height) { target in
            for pixel in 0..<(width * height) {
                let alpha = Int(rgba[4 * pixel + 3])
                for channel in 0..<3 {
                    let value = Int(rgba[4 * pixel + channel])
                    target[3 * pixel + channel] =
                        alpha == 255 ? UInt8(value) : UInt8((value * alpha + 255 * (255 - alpha) + 127) / 255)
                }
            }
        }
    }
}
