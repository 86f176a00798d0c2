import HiRED

/// A picture on a larger ground of one colour that is never made: padding a strip of one pixel by millions to a square
/// would take terabytes.
struct PlacedImage {
    let image: RGBImage
    let place: PlaceOnGround
    /// Red, green, blue.
    let colour: [UInt8]

    /// A picture that covers its ground.
    init(_ image: RGBImage) {
        self.image = image
        place = PlaceOnGround(covering: PixelSize(width: image.width, height: image.height))
        colour = [0, 0, 0]
    }

    /// A picture in the middle of a square.
    init(squaring image: RGBImage, colour: RGBColour) {
        self.image = image
        place = PlaceOnGround(squaring: PixelSize(width: image.width, height: image.height))
        self.colour = [colour.red, colour.green, colour.blue]
    }
}

/// Where a picture lies on its ground, in pixels.
struct PlaceOnGround {
    let picture: PixelSize
    let x: Int
    let y: Int
    /// The ground's size.
    let width: Int
    let height: Int

    init(covering picture: PixelSize) {
        self.picture = picture
        (x, y, width, height) = (0, 0, picture.width, picture.height)
    }

    /// As LLaVA's `pad_to_square`: the longer side squared, the picture in the middle, rounded up and left.
    init(squaring picture: PixelSize) {
        self.picture = picture
        let side = max(picture.width, picture.height)
        (x, y, width, height) = ((side - picture.width) / 2, (side - picture.height) / 2, side, side)
    }

    var coversGround: Bool { width == picture.width && height == picture.height }

    /// A resize of the ground.
    func axes(to size: PixelSize, filter: ResamplingFilter) -> (across: ResampleAxis, down: ResampleAxis) {
        (
            ResampleAxis(from: width, to: size.width, inside: x..<(x + picture.width), filter: filter),
            ResampleAxis(from: height, to: size.height, inside: y..<(y + picture.height), filter: filter)
        )
    }
}

extension PlaceOnGround {
    /// Pixels between the two passes of a resize, which its time depends on where a picture is far longer than wide.
    func work(to size: PixelSize, columns: Range<Int>, rows: Range<Int>, filter: ResamplingFilter) -> Double {
        let (across, down) = axes(to: size, filter: filter)
        return Double(hasEqualColumns ? 1 : across.touched(columns).count) * Double(down.source(rows).count)
    }

    /// One column of pixels only gives columns that are all the same, for each is made of that pixel alone.
    var hasEqualColumns: Bool { picture.width == 1 && coversGround }
}

/// A colour of 8 bits a channel.
public struct RGBColour: Sendable, Hashable {
    public let red: UInt8
    public let green: UInt8
    public let blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }
}
