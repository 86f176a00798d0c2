internal import CTurboJPEG
public import Foundation

extension RGBImage {
    /// The picture as a JPEG file, chroma at half resolution.
    ///
    /// - Parameter quality: 1 to 100.
    public func jpegData(quality: Int) throws -> Data {
        guard let handle = tjInitCompress() else {
            throw ImageError.unreadable(path: "a JPEG", reason: "out of memory")
        }
        defer { tjDestroy(handle) }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        let status = withUnsafePixels { pixels in
            tjCompress2(
                handle, pixels.baseAddress, Int32(width), 0, Int32(height), Int32(TJPF_RGB.rawValue), &bytes, &count,
                Int32(TJSAMP_420.rawValue), Int32(quality), 0)
        }
        defer { tjFree(bytes) }
        guard status == 0, let bytes else {
            throw ImageError.unsupported(
                name: "a picture of \(width)×\(height)", what: "it cannot be written as JPEG and")
        }
        return Data(bytes: bytes, count: Int(count))
    }
}
