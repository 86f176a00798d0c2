internal import CImageCodecs
public import Foundation
import HiRED

extension ImageDecoder {
    func sizeOfJPEG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelSize {
        var size = ic_size()
        try CodecStatus.check(name: name) { ic_jpeg_header(bytes.baseAddress, bytes.count, &size, $0) }
        return try pixelSize(size, name: name)
    }

    /// JPEG of every sampling in grey, YCbCr, RGB, CMYK and YCCK, baseline and progressive, through libjpeg-turbo. What
    /// follows the picture does not matter; what is missing of it does.
    func decodeJPEG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        let size = try sizeOfJPEG(bytes, name: name)
        return try RGBImage(width: size.width, height: size.height) { target in
            try CodecStatus.check(name: name) {
                ic_jpeg_decode(
                    bytes.baseAddress, bytes.count, ic_size(size), Self.scanLimit(size), target.baseAddress, $0)
            }
        }
    }

    /// Each scan may touch every pixel again, for a few bytes of file. Encoders write about 10; so many as each
    /// coefficient in a scan of its own are let through in pictures of a few megapixels.
    static func scanLimit(_ size: PixelSize) -> Int32 {
        Int32(max(64, min(500, 4_000_000_000 / (size.width * size.height))))
    }
}

extension RGBImage {
    /// The picture as a JPEG file, chroma at half resolution.
    ///
    /// - Parameter quality: 1 to 100.
    public func jpegData(quality: Int) throws -> Data {
        let name = "a picture of \(width)×\(height)"
        guard width <= 65_500, height <= 65_500 else {
            throw ImageError.unreadable(path: name, reason: "it does not fit a JPEG")
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        try CodecStatus.check(name: name) { message in
            withUnsafePixels {
                ic_jpeg_encode($0.baseAddress, ic_size(self), Int32(quality), &bytes, &count, message)
            }
        }
        defer { ic_free(bytes) }
        guard let bytes else { return Data() }
        return Data(bytes: bytes, count: count)
    }
}
