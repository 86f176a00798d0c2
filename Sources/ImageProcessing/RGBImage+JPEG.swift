internal import CImageCodecs
public import Foundation

extension RGBImage {
    /// The picture as a JPEG file, chroma at half resolution.
    ///
    /// - Parameter quality: 1 to 100.
    public func jpegData(quality: Int) throws -> Data {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        let status = withUnsafePixels {
            ic_jpeg_encode($0.baseAddress, UInt32(width), UInt32(height), Int32(quality), &bytes, &count)
        }
        guard status == 0, let bytes else {
            throw ImageError.unsupported(
                name: "a picture of \(width)×\(height)", what: "it cannot be written as JPEG and")
        }
        defer { ic_free(bytes) }
        return Data(bytes: bytes, count: count)
    }
}
