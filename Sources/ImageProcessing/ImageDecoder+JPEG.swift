internal import CTurboJPEG
import Foundation
import HiRED

extension ImageDecoder {
    func sizeOfJPEG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelSize {
        guard let handle = tjInitDecompress() else { throw ImageError.unreadable(path: name, reason: "out of memory") }
        defer { tjDestroy(handle) }
        return try readHeader(handle, bytes, name: name).size
    }

    private func readHeader(
        _ handle: tjhandle, _ bytes: UnsafeBufferPointer<UInt8>, name: String
    ) throws -> (size: PixelSize, colours: Int32) {
        var (width, height, subsampling, colours) = (Int32(0), Int32(0), Int32(0), Int32(0))
        let status = tjDecompressHeader3(
            handle, bytes.baseAddress, UInt(bytes.count), &width, &height, &subsampling, &colours)
        guard status == 0 || tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue) else {
            throw ImageError.malformed(name: name, reason: Self.reason(handle))
        }
        try checkSize(width: Int(width), height: Int(height), name: name)
        return (PixelSize(width: Int(width), height: Int(height)), colours)
    }

    private static func reason(_ handle: tjhandle) -> String {
        tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown"
    }

    /// Baseline and progressive JPEG in grey, YCbCr, RGB, CMYK and YCCK, through libjpeg-turbo with the settings that
    /// Pillow leaves in place (accurate inverse DCT, smooth upsampling).
    func decodeJPEG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        guard let handle = tjInitDecompress() else { throw ImageError.unreadable(path: name, reason: "out of memory") }
        defer { tjDestroy(handle) }
        let (size, colours) = try readHeader(handle, bytes, name: name)
        let (width, height) = (Int32(size.width), Int32(size.height))
        func reason() -> String { Self.reason(handle) }

        // A cut file is only a warning to the decoder, its missing part grey: not a picture anyone asked about.
        guard Self.hasEnd(bytes) else {
            throw ImageError.malformed(name: name, reason: "it ends before the picture does")
        }
        let isCMYK = colours == Int32(TJCS_CMYK.rawValue) || colours == Int32(TJCS_YCCK.rawValue)
        let format = isCMYK ? TJPF_CMYK : TJPF_RGB

        func decompress(to target: UnsafeMutableBufferPointer<UInt8>) throws {
            let status = tjDecompress2(
                handle, bytes.baseAddress, UInt(bytes.count), target.baseAddress, width, 0, height,
                Int32(format.rawValue), 0)
            guard status != 0 else { return }
            let isWarning = tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue)
            guard isWarning, !reason().contains("Premature end") else {
                throw ImageError.malformed(name: name, reason: reason())
            }
        }
        guard isCMYK else {
            return try RGBImage(width: Int(width), height: Int(height)) { try decompress(to: $0) }
        }
        var cmyk = [UInt8](repeating: 0, count: 4 * Int(width) * Int(height))
        try cmyk.withUnsafeMutableBufferPointer { try decompress(to: $0) }
        return RGBImage(width: Int(width), height: Int(height)) { target in
            for pixel in 0..<(Int(width) * Int(height)) {
                // Inks are stored inverted. K scales the others as Pillow's conversion does (libImaging/Convert.c).
                let key = Int(cmyk[4 * pixel + 3])
                for channel in 0..<3 {
                    let product = (255 - Int(cmyk[4 * pixel + channel])) * key + 128
                    target[3 * pixel + channel] = UInt8(max(0, key - ((product >> 8) + product) >> 8))
                }
            }
        }
    }

    /// Whether an end-of-image marker follows the last start of a scan.
    private static func hasEnd(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var place = bytes.count - 2
        while place >= 0 {
            if bytes[place] == 0xFF {
                if bytes[place + 1] == 0xD9 { return true }
                if bytes[place + 1] == 0xDA { return false }
            }
            place -= 1
        }
        return false
    }
}
