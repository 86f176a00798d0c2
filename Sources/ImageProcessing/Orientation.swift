internal import CImageCodecs
import HiRED

/// How a camera was held: value 1 to 8 of EXIF tag 0x0112, found where Pillow 11 looks for it (`Image.getexif`): EXIF
/// data, else a textual profile (PNG), and where those have no such tag, an XMP packet. Anything unreadable counts as
/// upright, since a damaged note about a picture does not make the picture unusable.
struct Orientation: Equatable {
    let value: Int

    /// - Parameters:
    ///   - exif: A TIFF file, perhaps behind `Exif\0\0`; empty for none.
    ///   - xmp: A packet; empty for none.
    init(exif: [UInt8], xmp: [UInt8]) {
        let found = EXIFDirectory.orientation(exif) ?? XMPPacket.orientation(xmp) ?? 1
        value = (1...8).contains(found) ? found : 1
    }

    /// A picture's size once it is turned upright.
    func apply(to size: PixelSize) -> PixelSize {
        value >= 5 ? PixelSize(width: size.height, height: size.width) : size
    }

    /// The picture turned upright.
    func apply(to image: RGBImage) -> RGBImage {
        guard value > 1 else { return image }
        let swaps = value >= 5
        let (width, height) = swaps ? (image.height, image.width) : (image.width, image.height)
        return image.withUnsafePixels { source in
            RGBImage(width: width, height: height) { target in
                for y in 0..<height {
                    for x in 0..<width {
                        let (fromX, fromY) = self.source(x: x, y: y, width: image.width, height: image.height)
                        let from = 3 * (fromY * image.width + fromX)
                        let to = 3 * (y * width + x)
                        target[to] = source[from]
                        target[to + 1] = source[from + 1]
                        target[to + 2] = source[from + 2]
                    }
                }
            }
        }
    }

    /// Where the upright picture's pixel lies in the stored one of width × height.
    private func source(x: Int, y: Int, width: Int, height: Int) -> (Int, Int) {
        switch value {
        case 2: (width - 1 - x, y)
        case 3: (width - 1 - x, height - 1 - y)
        case 4: (x, height - 1 - y)
        case 5: (y, x)
        case 6: (y, height - 1 - x)
        case 7: (width - 1 - y, height - 1 - x)
        case 8: (width - 1 - y, x)
        default: (x, y)
        }
    }
}
