internal import CImageCodecs
public import Foundation
import HiRED

extension ImageDecoder {
    func sizeOfPNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelSize {
        let header = try pngHeader(bytes, name: name)
        return PixelSize(width: Int(header.width), height: Int(header.height))
    }

    private func pngHeader(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> ic_png_size {
        var size = ic_png_size()
        try CodecMessage.check(name: name) { ic_png_header(bytes.baseAddress, bytes.count, &size, $0) }
        try checkSize(width: Int(size.width), height: Int(size.height), name: name)
        return size
    }

    /// PNG of every colour type and depth. Gamma and colour profiles are ignored, as Pillow does; so is what
    /// is missing behind the last row.
    func decodePNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        let size = try pngHeader(bytes, name: name)
        let (width, height) = (Int(size.width), Int(size.height))
        var rgba = [UInt8](repeating: 0, count: 4 * width * height)
        try rgba.withUnsafeMutableBufferPointer { target in
            try CodecMessage.check(name: name) {
                ic_png_decode(bytes.baseAddress, bytes.count, size, target.baseAddress, $0)
            }
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
