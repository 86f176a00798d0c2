import ImageProcessing

/// DEC's sixels: bands six pixels high, drawn colour after colour over each other.
enum SixelPicture {
    /// Levels of red, green and blue: 252 colours, since no terminal with sixels has fewer than 256.
    private static let levels = (red: 6, green: 7, blue: 6)
    /// Thresholds in sixteenths, spread so that neighbours differ most.
    private static let dither = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5]

    static func text(_ image: RGBImage) -> String {
        var text = "\u{1B}P0;1q\"1;1;\(image.width);\(image.height)"
        for colour in 0..<(levels.red * levels.green * levels.blue) {
            let (red, rest) = colour.quotientAndRemainder(dividingBy: levels.green * levels.blue)
            let (green, blue) = rest.quotientAndRemainder(dividingBy: levels.blue)
            func share(_ level: Int, _ count: Int) -> Int { (level * 100 + (count - 1) / 2) / (count - 1) }
            text +=
                "#\(colour);2;\(share(red, levels.red));\(share(green, levels.green));\(share(blue, levels.blue))"
        }
        let colours = colours(of: image)
        var bytes: [UInt8] = []
        for top in stride(from: 0, to: image.height, by: 6) {
            band(colours, width: image.width, rows: top..<min(top + 6, image.height), to: &bytes)
        }
        return text + String(decoding: bytes, as: UTF8.self) + "\u{1B}\\"
    }

    /// The number of each pixel's colour.
    private static func colours(of image: RGBImage) -> [UInt8] {
        var colours = [UInt8](repeating: 0, count: image.width * image.height)
        image.withUnsafePixels { pixels in
            for y in 0..<image.height {
                for x in 0..<image.width {
                    let place = y * image.width + x
                    let threshold = dither[4 * (y % 4) + x % 4]
                    func level(_ channel: Int, _ count: Int) -> Int {
                        // Both ends stay what they are.
                        (Int(pixels[3 * place + channel]) * (count - 1) * 16 + 255 * threshold + 127) / (255 * 16)
                    }
                    let (red, green, blue) = (level(0, levels.red), level(1, levels.green), level(2, levels.blue))
                    colours[place] = UInt8((red * levels.green + green) * levels.blue + blue)
                }
            }
        }
        return colours
    }

    private static func band(_ colours: [UInt8], width: Int, rows: Range<Int>, to bytes: inout [UInt8]) {
        var masks = [[UInt8]](repeating: [], count: levels.red * levels.green * levels.blue)
        for (bit, row) in rows.enumerated() {
            for x in 0..<width {
                let colour = Int(colours[row * width + x])
                if masks[colour].isEmpty { masks[colour] = [UInt8](repeating: 0, count: width) }
                masks[colour][x] |= 1 << bit
            }
        }
        var isFirst = true
        for (colour, mask) in masks.enumerated() where !mask.isEmpty {
            // Back to the left edge for the next colour.
            bytes += (isFirst ? "#\(colour)" : "$#\(colour)").utf8
            isFirst = false
            var x = 0
            while x < width {
                var end = x + 1
                while end < width, mask[end] == mask[x] { end += 1 }
                // Nothing of this colour up to the right edge is left out.
                if end == width, mask[x] == 0 { break }
                let letter = 63 + mask[x]
                if end - x > 3 {
                    bytes += "!\(end - x)".utf8
                    bytes.append(letter)
                } else {
                    bytes += [UInt8](repeating: letter, count: end - x)
                }
                x = end
            }
        }
        bytes.append(UInt8(ascii: "-"))
    }
}
