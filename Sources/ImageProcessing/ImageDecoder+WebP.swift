internal import CWebP
import Foundation
import HiRED

extension ImageDecoder {
    func sizeOfWebP(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelSize {
        var features = WebPBitstreamFeatures()
        guard WebPGetFeatures(bytes.baseAddress, bytes.count, &features) == VP8_STATUS_OK else {
            throw ImageError.malformed(name: name, reason: "its WebP header cannot be read")
        }
        guard features.has_animation == 0 else { throw ImageError.unsupported(name: name, what: "an animated WebP") }
        let (width, height) = (Int(features.width), Int(features.height))
        try checkSize(width: width, height: height, name: name)
        return PixelSize(width: width, height: height)
    }

    /// Lossy and lossless WebP. Animations are refused: which of their frames is meant cannot be known.
    func decodeWebP(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        let size = try sizeOfWebP(bytes, name: name)
        let (width, height) = (size.width, size.height)
        var rgba = [UInt8](repeating: 0, count: 4 * width * height)
        let decoded = WebPDecodeRGBAInto(bytes.baseAddress, bytes.count, &rgba, rgba.count, Int32(4 * width))
        guard decoded != nil else {
            throw ImageError.malformed(name: name, reason: "its WebP data cannot be decoded")
        }
        return rgba.withUnsafeBufferPointer { RGBImage(overWhite: $0, width: width, height: height) }
    }
}
