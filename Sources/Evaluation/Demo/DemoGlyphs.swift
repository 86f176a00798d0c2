import Foundation
import ImageProcessing

/// Capitals and digits as grey pictures, in two sizes (tools/fixtures/demo_glyphs.py).
struct DemoGlyphs {
    /// Width and height of a character's cell.
    struct Size {
        let width: Int
        let height: Int
        fileprivate let top: Int
    }

    static let small = Size(width: 28, height: 40, top: 0)
    static let large = Size(width: 37, height: 54, top: 40)
    private static let characters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.")

    private let atlas: RGBImage

    /// - Throws: `ImageError`.
    init() throws {
        atlas = try ImageDecoder().decode(Data(PackageResources.glyphs_png), name: "glyphs.png")
    }

    /// How much ink lies on a pixel of a character's cell, 0 to 255; none for what has no glyph.
    func ink(_ character: Character, _ size: Size, x: Int, y: Int) -> Int {
        guard let place = Self.characters.firstIndex(of: character) else { return 0 }
        let pixel = (size.top + y) * atlas.width + place * size.width + x
        return atlas.withUnsafePixels { Int($0[3 * pixel]) }
    }
}
