internal import CImageCodecs
public import Foundation
import HiRED

extension ImageDecoder {
    func sizeOfPNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelSize {
        let header = try pngHeader(bytes, name: name)
        return PixelSize(width: Int(header.width), height: Int(header.height))
    }

    private func pngHeader(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> ic_png_size {
        var message = [CChar](repeating: 0, count: Self.messageLength)
        var size = ic_png_size()
        guard ic_png_header(bytes.baseAddress, bytes.count, &size, &message) == 0 else {
            throw Self.problem(message, name: name)
        }
        try checkSize(width: Int(size.width), height: Int(size.height), name: name)
        return size
    }

    private static let messageLength = 128

    private static func problem(_ message: [CChar], name: String) -> ImageError {
        let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return .malformed(name: name, reason: String(decoding: text, as: UTF8.self))
    }

    /// PNG of every colour type and depth. Gamma and colour profiles are ignored, as Pillow does.
    func decodePNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        var message = [CChar](repeating: 0, count: Self.messageLength)
        let size = try pngHeader(bytes, name: name)
        let (width, height) = (Int(size.width), Int(size.height))
        var rgba = [UInt8](repeating: 0, count: 4 * width * height)
        guard ic_png_decode(bytes.baseAddress, bytes.count, size, &rgba, &message) == 0 else {
            throw Self.problem(message, name: name)
        }
        return rgba.withUnsafeBufferPointer { RGBImage(overWhite: $0, width: width, height: height) }
    }
}

extension RGBImage {
    /// The picture as a PNG file.
    public func pngData() throws -> Data {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        let status = withUnsafePixels { ic_png_encode($0.baseAddress, UInt32(width), UInt32(height), &bytes, &count) }
        guard status == 0, let bytes else {
            throw ImageError.unsupported(
                name: "a picture of \(width)×\(height)", what: "it cannot be written as PNG and")
        }
        defer { ic_free(bytes) }
        return Data(bytes: bytes, count: count)
    }
}
