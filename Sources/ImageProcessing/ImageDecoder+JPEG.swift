internal import CImageCodecs
import Foundation
import HiRED

extension ImageDecoder {
    func sizeOfJPEG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelSize {
        let header = try jpegHeader(bytes, name: name)
        return PixelSize(width: Int(header.width), height: Int(header.height))
    }

    private func jpegHeader(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> ic_jpeg_header_info {
        var header = ic_jpeg_header_info()
        try CodecMessage.check(name: name) { ic_jpeg_header(bytes.baseAddress, bytes.count, &header, $0) }
        try checkSize(width: Int(header.width), height: Int(header.height), name: name)
        return header
    }

    /// Baseline and progressive JPEG of any sampling in grey, YCbCr, RGB, CMYK and YCCK, through libjpeg-turbo with the
    /// settings that Pillow leaves in place (accurate inverse DCT, smooth upsampling). What follows the picture, as in
    /// motion photos, is not looked at.
    func decodeJPEG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        let header = try jpegHeader(bytes, name: name)
        let (width, height) = (Int(header.width), Int(header.height))
        func decode(to target: UnsafeMutableBufferPointer<UInt8>) throws {
            try CodecMessage.check(name: name) {
                ic_jpeg_decode(bytes.baseAddress, bytes.count, header, target.baseAddress, $0)
            }
        }
        guard header.channels == 4 else { return try RGBImage(width: width, height: height) { try decode(to: $0) } }
        var cmyk = [UInt8](repeating: 0, count: 4 * width * height)
        try cmyk.withUnsafeMutableBufferPointer { try decode(to: $0) }
        return RGBImage(width: width, height: height) { target in
            for pixel in 0..<(width * height) {
                // Inks are stored inverted. K scales the others as Pillow's conversion does (libImaging/Convert.c).
                let key = Int(cmyk[4 * pixel + 3])
                for channel in 0..<3 {
                    let product = (255 - Int(cmyk[4 * pixel + channel])) * key + 128
                    target[3 * pixel + channel] = UInt8(max(0, key - ((product >> 8) + product) >> 8))
                }
            }
        }
    }
}

/// What a codec in C says where it fails.
enum CodecMessage {
    private static let length = 128

    /// - Throws: `ImageError.malformed` where the call gives another number than 0.
    static func check(name: String, _ call: (UnsafeMutablePointer<CChar>) -> Int32) throws {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: length) { message in
            message.initialize(repeating: 0)
            // A buffer of a fixed size has an address.
            guard let address = message.baseAddress, call(address) != 0 else { return }
            let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw ImageError.malformed(name: name, reason: String(decoding: text, as: UTF8.self))
        }
    }
}
