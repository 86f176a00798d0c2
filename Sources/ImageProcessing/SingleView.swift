public import HiRED

/// How a picture becomes one view: padded to a square or not, resized, the middle cut out and laid on black where it is
/// smaller (Transformers 4.57.6, image_processing_clip.py, image_processing_llava.py, image_transforms.py).
public struct SingleView: Sendable, Hashable {
    /// What the picture is resized to.
    public enum Size: Sendable, Hashable {
        /// The shorter edge gets so many pixels, the other follows.
        case shortestEdge(Int)
        /// The proportions give way.
        case exact(PixelSize)
        /// The same with the view's own size.
        case view
        /// It is not resized.
        case unchanged
    }

    public var size: Size
    /// The colour of the square that the picture is padded to; nil where it is not.
    public var ground: RGBColour?

    public init(size: Size, ground: RGBColour? = nil) {
        self.size = size
        self.ground = ground
    }

    /// The size after the resize; nil for one that no computer holds.
    func target(of picture: PixelSize, viewSize: Int) -> PixelSize? {
        switch size {
        case .exact(let size): return size
        case .view: return PixelSize(width: viewSize, height: viewSize)
        case .unchanged: return picture
        case .shortestEdge(let edge):
            let (short, long) = (min(picture.width, picture.height), max(picture.width, picture.height))
            // As the reference does it: a product, then a quotient in doubles, cut off.
            let newLong = Double(edge) * Double(long) / Double(short)
            guard newLong < Double(Int32.max) else { return nil }
            return picture.width <= picture.height
                ? PixelSize(width: edge, height: Int(newLong)) : PixelSize(width: Int(newLong), height: edge)
        }
    }

    /// The part of the resized picture that is seen, and where it lies in the view.
    private static func window(_ size: Int, viewSize: Int) -> (part: Range<Int>, place: Int) {
        // Halves are rounded down, also below zero.
        let start = (size - viewSize) >> 1
        return start < 0 ? (0..<size, -start) : (start..<(start + viewSize), 0)
    }

    /// Pixels between the two passes; infinite for a size that no computer holds.
    func work(_ picture: PixelSize, viewSize: Int, filter: ResamplingFilter) -> Double {
        let place = ground == nil ? PlaceOnGround(covering: picture) : PlaceOnGround(squaring: picture)
        let ground = PixelSize(width: place.width, height: place.height)
        guard let target = target(of: ground, viewSize: viewSize) else { return .infinity }
        return place.work(
            to: target, columns: Self.window(target.width, viewSize: viewSize).part,
            rows: Self.window(target.height, viewSize: viewSize).part, filter: filter)
    }

    /// - Precondition: its ``work(_:viewSize:filter:)`` is finite.
    func make(of image: RGBImage, viewSize: Int, filter: ResamplingFilter) -> RGBImage {
        let source = ground.map { PlacedImage(squaring: image, colour: $0) } ?? PlacedImage(image)
        let ground = PixelSize(width: source.place.width, height: source.place.height)
        let target = target(of: ground, viewSize: viewSize) ?? ground
        let (columns, rows) = (
            Self.window(target.width, viewSize: viewSize), Self.window(target.height, viewSize: viewSize)
        )
        let part = Resize(source, to: target, filter: filter).part(columns: columns.part, rows: rows.part)
        if part.width == viewSize, part.height == viewSize { return part }
        return part.placed(x: columns.place, y: rows.place, width: viewSize, height: viewSize)
    }
}
