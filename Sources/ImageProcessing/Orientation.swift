import HiRED

/// How a camera was held: 1 to 8, as EXIF's tag 0x0112 counts.
///
/// Where it is looked for and which note wins is Pillow 11.3's way (`Image.getexif`, `ImageOps.exif_transpose`). What
/// cannot be read counts as upright, also where Pillow fails: a damaged note about a picture does not make the picture
/// unusable.
struct Orientation: Equatable {
    let value: Int

    init(_ value: Int) { self.value = (1...8).contains(value) ? value : 1 }

    /// EXIF wins over XMP, also with a value that means nothing.
    init(exif: ByteView?, xmp: ByteView?) {
        self.init(exif.flatMap(Self.inEXIF) ?? xmp.flatMap(Self.inXMP) ?? 1)
    }

    /// The digit behind the first `tiff:Orientation="` or `tiff:Orientation>`.
    static func inXMP(_ text: ByteView) -> Int? {
        let key = Array("tiff:Orientation".utf8)
        var place = 0
        while let start = text.firstIndex(of: key[0], from: place) {
            place = start + 1
            guard let rest = text.slice(start, count: text.count - start), rest.starts(with: key) else { continue }
            let opening = rest[key.count]
            let digitPlace: Int
            if opening == UInt8(ascii: ">") {
                digitPlace = key.count + 1
            } else if opening == UInt8(ascii: "="), rest[key.count + 1] == UInt8(ascii: "\"") {
                digitPlace = key.count + 2
            } else {
                continue
            }
            guard let digit = rest[digitPlace], (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else {
                continue
            }
            return Int(digit - UInt8(ascii: "0"))
        }
        return nil
    }
}

extension Orientation {
    /// Whether width and height change places.
    private var swaps: Bool { value >= 5 }

    /// A picture's size once it is turned upright.
    func apply(to size: PixelSize) -> PixelSize {
        swaps ? PixelSize(width: size.height, height: size.width) : size
    }

    /// The picture turned upright; takes as much memory again.
    func apply(to image: RGBImage) -> RGBImage {
        guard value > 1 else { return image }
        let (width, height) = swaps ? (image.height, image.width) : (image.width, image.height)
        return image.withUnsafePixels { source in
            RGBImage(width: width, height: height) { target in
                // Both exist: a picture has at least one pixel.
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                let (origin, right, down) = walk(width: image.width, height: image.height)
                // Squares of pixels, so that the strides of both pictures stay in the cache.
                let block = 64
                for top in stride(from: 0, to: height, by: block) {
                    for left in stride(from: 0, to: width, by: block) {
                        for y in top..<min(top + block, height) {
                            var pixel = from + 3 * (origin + y * down + left * right)
                            var place = to + 3 * (y * width + left)
                            for _ in left..<min(left + block, width) {
                                place[0] = pixel[0]
                                place[1] = pixel[1]
                                place[2] = pixel[2]
                                place += 3
                                pixel += 3 * right
                            }
                        }
                    }
                }
            }
        }
    }

    /// Where the upright picture's first pixel lies in the stored one of width × height, and how far it is from there to
    /// the right and down, in pixels.
    private func walk(width: Int, height: Int) -> (origin: Int, right: Int, down: Int) {
        let last = width * height - 1
        return switch value {
        case 2: (width - 1, -1, width)
        case 3: (last, -1, -width)
        case 4: (last - (width - 1), 1, -width)
        case 5: (0, width, 1)
        case 6: (last - (width - 1), -width, 1)
        case 7: (last, -width, -1)
        case 8: (width - 1, width, -1)
        default: (0, 1, width)
        }
    }
}
