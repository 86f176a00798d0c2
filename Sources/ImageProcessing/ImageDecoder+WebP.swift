internal import CImageCodecs
internal import CWebP
import Foundation
import HiRED

extension ImageDecoder {
    func sizeOfWebP(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelSize {
        let features = try featuresOfWebP(bytes, name: name)
        return PixelSize(width: Int(features.width), height: Int(features.height))
    }

    private func featuresOfWebP(
        _ bytes: UnsafeBufferPointer<UInt8>, name: String
    ) throws -> WebPBitstreamFeatures {
        var features = WebPBitstreamFeatures()
        switch WebPGetFeatures(bytes.baseAddress, bytes.count, &features) {
        case VP8_STATUS_OK: break
        case VP8_STATUS_NOT_ENOUGH_DATA:
            throw ImageError.malformed(name: name, reason: "it ends before the picture does")
        default: throw ImageError.malformed(name: name, reason: "its WebP header cannot be read")
        }
        guard features.has_animation == 0 else { throw ImageError.unsupported(name: name, what: "an animated WebP") }
        try checkSize(width: Int(features.width), height: Int(features.height), name: name)
        return features
    }

    /// Lossy and lossless WebP. Animations are refused: which of their frames is meant cannot be known.
    func decodeWebP(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        let features = try featuresOfWebP(bytes, name: name)
        let (width, height) = (Int(features.width), Int(features.height))
        return try RGBImage(width: width, height: height) { target in
            let decoded: Bool
            if features.has_alpha != 0 {
                var rgba = [UInt8](repeating: 0, count: 4 * width * height)
                decoded = WebPDecodeRGBAInto(bytes.baseAddress, bytes.count, &rgba, rgba.count, Int32(4 * width)) != nil
                ic_over_white(rgba, target.baseAddress, width * height)
            } else {
                decoded =
                    WebPDecodeRGBInto(
                        bytes.baseAddress, bytes.count, target.baseAddress, 3 * width * height, Int32(3 * width)) != nil
            }
            guard decoded else {
                throw ImageError.malformed(name: name, reason: "its WebP data cannot be decoded")
            }
        }
    }
}
