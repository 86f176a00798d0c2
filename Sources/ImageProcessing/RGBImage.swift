/// A picture of interleaved 8-bit red, green and blue, row by row.
public struct RGBImage: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// 3·width·height bytes, and `tail` more that do not belong to the picture.
    private var storage: [UInt8]

    /// Bytes behind the last pixel that wide loads may touch.
    static let tail = 16

    /// - Precondition: `pixels` holds 3·width·height bytes; the caller made both.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(pixels.count == 3 * width * height, "an RGB picture has three bytes a pixel")
        self.width = width
        self.height = height
        storage = pixels + [UInt8](repeating: 0, count: Self.tail)
    }

    /// Fills a new picture in place. It starts black.
    init(width: Int, height: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) throws -> Void) rethrows {
        self.width = width
        self.height = height
        storage = [UInt8](repeating: 0, count: 3 * width * height + Self.tail)
        try storage.withUnsafeMutableBufferPointer { try body($0) }
    }

    public var byteCount: Int { 3 * width * height }

    /// The pixels as an array.
    public var pixels: [UInt8] { Array(storage.prefix(byteCount)) }

    /// Lends the pixels, with `tail` readable bytes behind them.
    public func withUnsafePixels<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        try storage.withUnsafeBufferPointer(body)
    }

    /// A rectangle of the picture copied elsewhere, row by row.
    ///
    /// - Precondition: the rectangle lies in the picture and the target holds it; both are computed by the caller.
    func copyRectangle(x: Int, y: Int, width: Int, height: Int, to target: UnsafeMutableBufferPointer<UInt8>) {
        precondition(x >= 0 && y >= 0 && x + width <= self.width && y + height <= self.height)
        precondition(target.count >= 3 * width * height)
        withUnsafePixels { source in
            for row in 0..<height {
                let from = UnsafeBufferPointer(
                    rebasing: source[(3 * ((y + row) * self.width + x))...].prefix(3 * width))
                _ = UnsafeMutableBufferPointer(rebasing: target[(3 * row * width)...]).update(fromContentsOf: from)
            }
        }
    }
}
