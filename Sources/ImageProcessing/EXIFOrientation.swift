import HiRED

/// How a camera was held: value 1 to 8 of EXIF tag 0x0112. Anything unreadable counts as upright, since a damaged note
/// about a picture does not make the picture unusable.
struct EXIFOrientation: Equatable {
    let value: Int

    /// Finds the APP1 segment before the picture data.
    init(jpeg bytes: UnsafeBufferPointer<UInt8>) {
        var place = 2
        while place + 4 <= bytes.count, bytes[place] == 0xFF {
            let marker = bytes[place + 1]
            if marker == 0xFF {
                place += 1
                continue
            }
            // Start of scan, or end: no more segments.
            guard marker != 0xDA, marker != 0xD9 else { break }
            let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
            guard length >= 2, place + 2 + length <= bytes.count else { break }
            let body = UnsafeBufferPointer(rebasing: bytes[(place + 4)..<(place + 2 + length)])
            if marker == 0xE1, body.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) {
                value = Self.orientation(UnsafeBufferPointer(rebasing: body[6...]))
                return
            }
            place += 2 + length
        }
        value = 1
    }

    /// Finds the eXIf chunk.
    init(png bytes: UnsafeBufferPointer<UInt8>) {
        var place = 8
        while place + 12 <= bytes.count {
            let length = Self.number(bytes, place, 4, bigEndian: true)
            guard length <= bytes.count - place - 12 else { break }
            if bytes[(place + 4)..<(place + 8)].elementsEqual("eXIf".utf8) {
                value = Self.orientation(UnsafeBufferPointer(rebasing: bytes[(place + 8)..<(place + 8 + length)]))
                return
            }
            place += 12 + length
        }
        value = 1
    }

    /// Finds the EXIF chunk, which may begin with JPEG's "Exif" prefix.
    init(webP bytes: UnsafeBufferPointer<UInt8>) {
        var place = 12
        while place + 8 <= bytes.count {
            let length = Self.number(bytes, place + 4, 4, bigEndian: false)
            guard length <= bytes.count - place - 8 else { break }
            if bytes[place..<(place + 4)].elementsEqual("EXIF".utf8) {
                var body = bytes[(place + 8)..<(place + 8 + length)]
                if body.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) { body = body.dropFirst(6) }
                value = Self.orientation(UnsafeBufferPointer(rebasing: body))
                return
            }
            place += 8 + length + length % 2
        }
        value = 1
    }

    /// Reads a TIFF header and its first directory.
    private static func orientation(_ tiff: UnsafeBufferPointer<UInt8>) -> Int {
        guard tiff.count >= 8 else { return 1 }
        let bigEndian = tiff.starts(with: [0x4D, 0x4D, 0, 42])
        guard bigEndian || tiff.starts(with: [0x49, 0x49, 42, 0]) else { return 1 }
        let directory = number(tiff, 4, 4, bigEndian: bigEndian)
        guard directory <= tiff.count - 2 else { return 1 }
        for entry in 0..<number(tiff, directory, 2, bigEndian: bigEndian) {
            let place = directory + 2 + 12 * entry
            guard place + 12 <= tiff.count else { return 1 }
            guard number(tiff, place, 2, bigEndian: bigEndian) == 0x0112 else { continue }
            let value = number(tiff, place + 8, 2, bigEndian: bigEndian)
            return (1...8).contains(value) ? value : 1
        }
        return 1
    }

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Int, _ count: Int, bigEndian: Bool) -> Int
    {
        (0..<count).reduce(0) { $0 << 8 | Int(bytes[place + (bigEndian ? $1 : count - 1 - $1)]) }
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
