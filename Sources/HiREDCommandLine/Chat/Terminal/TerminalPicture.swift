import Foundation
import ImageProcessing

// No Swift library for pictures in terminals is to be had; the three ways are small, and written here after their
// public descriptions.

/// A picture as what a terminal has to be sent.
enum TerminalPicture {
    /// - Parameter size: the terminal's; the picture is made to fit, and is never enlarged but in characters.
    /// - Throws: `ImageError`.
    static func text(_ image: RGBImage, as graphics: TerminalGraphics, in size: Terminal.Size) throws -> String {
        switch graphics {
        case .kitty:
            let cells = cells(of: image, in: size)
            return try KittyPicture.text(image, columns: cells.columns, rows: cells.rows) + "\n"
        case .sixel:
            // Some terminals cut off what is wider.
            let most = min(size.columns * size.cellWidth, 1000)
            return SixelPicture.text(image.fitting(width: most, height: (size.rows - 2) * size.cellHeight)) + "\n"
        case .blocks, .blocks256:
            let image = image.fitting(width: min(size.columns, 160), height: 2 * max(size.rows - 2, 1))
            return BlockPicture.text(image, isDirect: graphics == .blocks)
        }
    }

    /// Characters that a picture takes in its own size, or fewer where the terminal has fewer.
    private static func cells(of image: RGBImage, in size: Terminal.Size) -> (columns: Int, rows: Int) {
        let most = (width: size.columns * size.cellWidth, height: max(size.rows - 2, 1) * size.cellHeight)
        let scale = min(1, Double(most.width) / Double(image.width), Double(most.height) / Double(image.height))
        return (
            max(Int(scale * Double(image.width) / Double(size.cellWidth)), 1),
            max(Int(scale * Double(image.height) / Double(size.cellHeight)), 1)
        )
    }
}

extension RGBImage {
    /// This picture, or a smaller one of the same shape.
    func fitting(width most: Int, height: Int) -> RGBImage {
        let scale = min(
            Double(max(most, 1)) / Double(self.width), Double(max(height, 1)) / Double(self.height))
        guard scale < 1 else { return self }
        return scaled(
            width: max(Int((scale * Double(self.width)).rounded()), 1),
            height: max(Int((scale * Double(self.height)).rounded()), 1))
    }
}

/// Kitty's graphics protocol: a PNG in base64, in pieces of at most 4096 letters.
enum KittyPicture {
    /// - Throws: `ImageError`.
    static func text(_ image: RGBImage, columns: Int, rows: Int) throws -> String {
        let letters = Array(try image.pngData().base64EncodedString().utf8)
        var text = ""
        for start in stride(from: 0, to: letters.count, by: 4096) {
            let end = min(start + 4096, letters.count)
            // Shown at once, and never answered: an answer would be taken for keys.
            let keys = start == 0 ? "a=T,f=100,q=2,c=\(columns),r=\(rows)," : ""
            text += "\u{1B}_G\(keys)m=\(end < letters.count ? 1 : 0);"
            text += String(decoding: letters[start..<end], as: UTF8.self) + "\u{1B}\\"
        }
        return text
    }
}

/// Half blocks: the upper pixel in the colour of the letter, the lower one in that of its ground.
enum BlockPicture {
    /// - Parameter isDirect: 24-bit colours; else the 6×6×6 of 256.
    static func text(_ image: RGBImage, isDirect: Bool) -> String {
        image.withUnsafePixels { pixels in
            func colour(_ x: Int, _ y: Int) -> String {
                let place = 3 * (y * image.width + x)
                let (red, green, blue) = (Int(pixels[place]), Int(pixels[place + 1]), Int(pixels[place + 2]))
                if isDirect { return "2;\(red);\(green);\(blue)" }
                // Levels of 0, 95, 135, 175, 215 and 255, each from the middle before it on.
                func level(_ value: Int) -> Int { value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40 }
                return "5;\(16 + 36 * level(red) + 6 * level(green) + level(blue))"
            }
            var text = ""
            for y in stride(from: 0, to: image.height, by: 2) {
                var (upper, lower) = ("", "")
                for x in 0..<image.width {
                    let letter = colour(x, y)
                    // The last of an odd number of rows has nothing below.
                    let ground = y + 1 < image.height ? colour(x, y + 1) : ""
                    if letter != upper { text += "\u{1B}[38;\(letter)m" }
                    if ground != lower { text += ground.isEmpty ? "\u{1B}[49m" : "\u{1B}[48;\(ground)m" }
                    (upper, lower) = (letter, ground)
                    text += "▀"
                }
                text += "\u{1B}[0m\n"
            }
            return text
        }
    }
}
