/// InternVL's choice of a grid of tiles, as Transformers 4.57.6's slow processor makes it
/// (models/got_ocr2/image_processing_got_ocr2.py, `get_optimal_tiled_canvas`).
public enum ClosestGrid {
    /// The grid whose proportions are nearest the picture's. Of grids that are equally near, a larger one counts where
    /// the picture has more than half as many pixels. 1×1 where no grid has so many tiles.
    ///
    /// Grids are tried by the number of their tiles, then by columns; differences are doubles, as in the reference.
    ///
    /// - Parameters:
    ///   - size: in pixels, turned upright.
    ///   - tiles: fewest and most tiles.
    ///   - viewSize: pixels along one side of a view.
    /// - Complexity: O(most tiles · log).
    public static func grid(
        for size: PixelSize, tiles: ClosedRange<Int>, viewSize: Int
    ) -> (rows: Int, columns: Int) {
        let proportion = Double(size.width) / Double(size.height)
        let area = Double(size.width) * Double(size.height)
        var best = (rows: 1, columns: 1)
        var least = Double.infinity
        guard tiles.upperBound > 0 else { return best }
        for count in max(tiles.lowerBound, 1)...tiles.upperBound {
            for columns in 1...count where count.isMultiple(of: columns) {
                let rows = count / columns
                let difference = abs(proportion - Double(columns) / Double(rows))
                let isLarger = area > 0.5 * Double(viewSize) * Double(viewSize) * Double(columns) * Double(rows)
                guard difference < least || (difference == least && isLarger) else { continue }
                least = difference
                best = (rows, columns)
            }
        }
        return best
    }
}

extension PartitionLayout {
    /// The layout of a picture under InternVL's cut: squeezed to the grid nearest its proportions, tiles of the size of
    /// a view, read one after the other and the full view last. A grid of a single tile has no full view beside it: one
    /// partition.
    ///
    /// - Parameters:
    ///   - imageSize: in pixels, turned upright.
    ///   - tiles: fewest and most tiles (`min_patches` and `max_patches`), at most 64.
    ///   - viewSize: pixels along one side of a view, 448.
    ///   - tokenSize: pixels along one side of a token: 28, two patches of 14.
    /// - Throws: `HiREDError.invalidLayout`. O(tiles · log).
    public init(
        imageSize: PixelSize, tiles: ClosedRange<Int>, viewSize: Int, tokenSize: Int
    ) throws(HiREDError) {
        guard tokenSize > 0, viewSize >= tokenSize, viewSize < 1 << 18 else {
            throw .invalidLayout("views of \(viewSize) pixels in tokens of \(tokenSize)")
        }
        guard tiles.lowerBound >= 0, (1...64).contains(tiles.upperBound) else {
            throw .invalidLayout("\(tiles.lowerBound) to \(tiles.upperBound) tiles")
        }
        guard imageSize.width > 0, imageSize.height > 0 else {
            throw .invalidLayout("a picture of \(imageSize.width)×\(imageSize.height) pixels")
        }
        let grid = ClosestGrid.grid(for: imageSize, tiles: tiles, viewSize: viewSize)
        let isSingle = grid.rows * grid.columns == 1
        try self.init(
            side: viewSize / tokenSize, tileRows: isSingle ? 0 : grid.rows, tileColumns: isSingle ? 0 : grid.columns,
            imageSize: imageSize,
            stretchedTo: PixelSize(
                width: isSingle ? 0 : grid.columns * viewSize, height: isSingle ? 0 : grid.rows * viewSize),
            order: .views)
    }
}
