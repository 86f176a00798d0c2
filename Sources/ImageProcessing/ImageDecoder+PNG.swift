internal import CImageCodecs
public import Foundation

extension ImageDecoder {
    /// PNG of every colour type and depth. Gamma and colour profiles are ignored, as Pillow does.
    func decodePNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        var message = [CChar](repeating: 0, count: 128)
        func problem() -> ImageError {
            let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return .malformed(name: name, reason: String(decoding: text, as: UTF8.self))
        }
        var size = ic_png_size()
        guard ic_png_header(bytes.baseAddress, bytes.count, &size, &message) == 0 else { throw problem() }
        let (width, height) = (Int(size.width), Int(size.height))
        try checkSize(width: width, height: height, name: name)
        var rgba = [UInt8](repeating: 0, count: 4 * width * height)
        guard ic_png_decode(bytes.baseAddress, bytes.count, size, &rgba, &message) == 0 else { throw problem() }
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
