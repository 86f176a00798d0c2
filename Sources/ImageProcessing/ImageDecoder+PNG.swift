internal import CImageCodecs
public import Foundation
import HiRED

extension ImageDecoder {
    func sizeOfPNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> PixelSize {
        try header(bytes, name: name).size
    }

    private func header(
        _ bytes: UnsafeBufferPointer<UInt8>, name: String
    ) throws -> (size: PixelSize, chunks: PNGChunks) {
        let chunks = try checkedChunks(ByteView(bytes), name: name)
        var size = ic_size()
        try CodecStatus.check(name: name) { ic_png_header(bytes.baseAddress, chunks.usableCount, &size, $0) }
        return (try pixelSize(size, name: name), chunks)
    }

    /// PNG of every colour type and depth. Gamma and colour profiles are ignored, as Pillow does.
    func decodePNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String) throws -> RGBImage {
        let (size, chunks) = try header(bytes, name: name)
        return try RGBImage(width: size.width, height: size.height) { target in
            try CodecStatus.check(name: name) {
                ic_png_decode(
                    bytes.baseAddress, chunks.usableCount, ic_size(size), chunks.missing > 0 ? 1 : 0,
                    target.baseAddress, $0)
            }
        }
    }

    /// What libpng is told not to look at, as it would refuse what Pillow reads: the checksums of header and palette
    /// (those of picture data do not count), and a file that ends in its picture. Four bytes may be missing there: they
    /// are a checksum, and no pixels. Nor is libpng shown a chunk that is cut: it takes memory for what one claims to be.
    private func checkedChunks(_ bytes: ByteView, name: String) throws -> PNGChunks {
        var chunks = PNGChunks(bytes)
        var isFirst = true
        while let chunk = chunks.next() {
            if isFirst, chunk.type.equals("CgBI") {
                throw ImageError.unsupported(name: name, what: "a PNG in the way that iOS programs pack them")
            }
            isFirst = false
            if chunk.type.equals("IHDR") || chunk.type.equals("PLTE"), !chunk.isIntact {
                throw ImageError.malformed(name: name, reason: "its header does not match its checksum")
            }
        }
        guard chunks.missing <= 4 else {
            throw ImageError.malformed(name: name, reason: "it ends before the picture does")
        }
        return chunks
    }
}

extension RGBImage {
    /// The picture as a PNG file.
    public func pngData() throws -> Data {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        let status = withUnsafePixels { ic_png_encode($0.baseAddress, ic_size(self), &bytes, &count) }
        guard status == ic_ok, let bytes else {
            throw ImageError.unreadable(path: "a picture of \(width)×\(height)", reason: "it does not fit a PNG")
        }
        defer { ic_free(bytes) }
        return Data(bytes: bytes, count: count)
    }
}
