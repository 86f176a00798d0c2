import HiRED
import ImageProcessing

/// A picture being drawn, on a light ground of one colour.
struct DemoCanvas {
    typealias Colour = (red: Int, green: Int, blue: Int)

    enum Shape: String, CaseIterable { case circle, square, triangle }

    static let colours: [(name: String, colour: Colour)] = [
        ("red", (208, 40, 40)), ("green", (40, 160, 60)), ("blue", (45, 80, 210)), ("yellow", (235, 200, 40)),
        ("purple", (140, 60, 170)), ("black", (25, 25, 25)),
    ]

    let width: Int
    let height: Int
    private var pixels: [UInt8]
    private var taken: [PixelRectangle] = []

    init(width: Int, height: Int, using generator: inout SplitMix64) {
        self.width = width
        self.height = height
        let ground = (0..<3).map { _ in UInt8.random(in: 175...255, using: &generator) }
        pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { buffer, count in
            count = 3 * width * height
            for index in 0..<count { buffer[index] = ground[index % 3] }
        }
    }

    var image: RGBImage { RGBImage(width: width, height: height, pixels: pixels) }

    /// A place for so large a thing, apart from all others; nil where none is found.
    mutating func room(_ width: Int, _ height: Int, using generator: inout SplitMix64) -> PixelRectangle? {
        guard width <= self.width - 16, height <= self.height - 16 else { return nil }
        for _ in 0..<60 {
            let place = PixelRectangle(
                x: Int.random(in: 8...(self.width - 8 - width), using: &generator),
                y: Int.random(in: 8...(self.height - 8 - height), using: &generator), width: width, height: height)
            let isFree = taken.allSatisfy { other in
                place.x > other.x + other.width + 6 || other.x > place.x + place.width + 6
                    || place.y > other.y + other.height + 6 || other.y > place.y + place.height + 6
            }
            if isFree {
                taken.append(place)
                return place
            }
        }
        return nil
    }

    /// Lays ink of a colour over a pixel; `share` of 255 covers it.
    private mutating func mix(_ colour: Colour, _ share: Int, x: Int, y: Int) {
        guard (0..<width).contains(x), (0..<height).contains(y) else { return }
        let place = 3 * (y * width + x)
        for (channel, value) in [colour.red, colour.green, colour.blue].enumerated() {
            let old = Int(pixels[place + channel])
            pixels[place + channel] = UInt8((old * (255 - share) + value * share + 127) / 255)
        }
    }

    mutating func text(_ text: String, _ size: DemoGlyphs.Size, _ glyphs: DemoGlyphs, x: Int, y: Int, _ colour: Colour)
    {
        for (place, character) in text.enumerated() {
            for row in 0..<size.height {
                for column in 0..<size.width {
                    let ink = glyphs.ink(character, size, x: column, y: row)
                    if ink > 0 { mix(colour, ink, x: x + place * size.width + column, y: y + row) }
                }
            }
        }
    }

    mutating func rectangle(_ place: PixelRectangle, _ colour: Colour) {
        for y in place.y..<(place.y + place.height) {
            for x in place.x..<(place.x + place.width) { mix(colour, 255, x: x, y: y) }
        }
    }

    mutating func shape(_ shape: Shape, _ place: PixelRectangle, _ colour: Colour) {
        let side = place.width
        for y in 0..<side {
            for x in 0..<side {
                let (dx, dy) = (2 * x + 1 - side, 2 * y + 1 - side)
                let isInside =
                    switch shape {
                    case .square: true
                    case .circle: dx * dx + dy * dy <= side * side
                    case .triangle: abs(dx) <= y
                    }
                if isInside { mix(colour, 255, x: place.x + x, y: place.y + y) }
            }
        }
    }
}
