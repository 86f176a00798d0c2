public import HiRED

/// A prepared picture: its layout and the pixels of every view, [P, S, S, 3] of interleaved 8-bit RGB.
public struct ImagePartitions: Sendable {
    public let layout: PartitionLayout
    /// S, pixels along one side of a view.
    public let viewSize: Int
    public let fullView: RGBImage
    /// The tiles row by row, one behind the other.
    private let tiles: [UInt8]

    /// Letterboxes the picture on its canvas in black and cuts the canvas into tiles.
    init(layout: PartitionLayout, viewSize: Int, fullView: RGBImage, of image: RGBImage, filter: ResamplingFilter) {
        self.layout = layout
        self.viewSize = viewSize
        self.fullView = fullView
        guard layout.tileCount > 0 else {
            tiles = []
            return
        }
        let content = layout.content
        let canvas = Resize.resize(image, width: content.width, height: content.height, filter: filter).placed(
            x: content.x, y: content.y, width: layout.canvasSize.width, height: layout.canvasSize.height)
        let count = 3 * viewSize * viewSize
        tiles = [UInt8](unsafeUninitializedCapacity: layout.tileCount * count) { target, initialized in
            for tile in 0..<layout.tileCount {
                canvas.copyRectangle(
                    x: tile % layout.tileColumns * viewSize, y: tile / layout.tileColumns * viewSize, width: viewSize,
                    height: viewSize, to: UnsafeMutableBufferPointer(rebasing: target[(tile * count)...].prefix(count)))
            }
            initialized = layout.tileCount * count
        }
    }

    /// Bytes of all views.
    public var byteCount: Int { fullView.byteCount + tiles.count }

    /// Writes a view's 3·S² bytes; view 0 is the full view, the others are the tiles row by row.
    ///
    /// - Precondition: there is such a view, and the target holds it; both come from the layout.
    public func write(view: Int, to target: UnsafeMutableBufferPointer<UInt8>) {
        let count = 3 * viewSize * viewSize
        if view == 0 {
            fullView.withUnsafePixels { _ = target.update(fromContentsOf: $0.prefix(count)) }
        } else {
            tiles.withUnsafeBufferPointer {
                _ = target.update(fromContentsOf: $0[((view - 1) * count)...].prefix(count))
            }
        }
    }

    /// The canvas that the tiles are cut from. Empty without tiles.
    public func canvas() -> RGBImage {
        let (columns, rowBytes) = (layout.tileColumns, 3 * viewSize)
        return RGBImage(width: columns * viewSize, height: layout.tileRows * viewSize) { target in
            for row in 0..<(layout.tileRows * viewSize) {
                for column in 0..<columns {
                    let tile = row / viewSize * columns + column
                    let from = (tile * viewSize + row % viewSize) * rowBytes
                    _ = UnsafeMutableBufferPointer(rebasing: target[((row * columns + column) * rowBytes)...])
                        .update(fromContentsOf: tiles[from..<(from + rowBytes)])
                }
            }
        }
    }
}
