extension PartitionLayout {
    /// N, the tokens of one partition.
    public var tokensPerPartition: Int { side * side }
    /// m.
    public var tileCount: Int { tileRows * tileColumns }
    public var partitionCount: Int { tileCount + 1 }
    /// (m+1)·N: what a percentage is a percentage of. Padding counts, separators do not.
    public var totalTokens: Int { partitionCount * tokensPerPartition }
    /// Tokens that may be kept: the full view's and the tiles' without padding.
    public var keepableTokens: Int { tokensPerPartition + keptRows.count * keptColumns.count }
    /// Image tokens when nothing is dropped, as Transformers counts them: a separator ends every row of the canvas where
    /// the model has them, and a CLS token counts where the model takes it.
    public var fullTokenCount: Int {
        keepableTokens + (includesClassToken ? 1 : 0) + (order == .canvasRows && tileCount > 0 ? keptRows.count : 0)
    }
    /// The partitions as the model reads them, view by view.
    var partitionsInOrder: [Int] { order == .views ? Array(1..<partitionCount) + [0] : Array(0..<partitionCount) }

    /// Rows and columns within a tile that are not padding.
    func keptRange(tile: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let top = tile / tileColumns * side
        let left = tile % tileColumns * side
        let rows = keptRows.clamped(to: top..<(top + side))
        let columns = keptColumns.clamped(to: left..<(left + side))
        return (
            rows.isEmpty ? 0..<0 : (rows.lowerBound - top)..<(rows.upperBound - top),
            columns.isEmpty ? 0..<0 : (columns.lowerBound - left)..<(columns.upperBound - left)
        )
    }

    /// How many tokens of a partition may be kept; 0 for a partition that is not there.
    public func capacity(partition: Int) -> Int {
        guard partition > 0, partition < partitionCount else { return partition == 0 ? tokensPerPartition : 0 }
        let range = keptRange(tile: partition - 1)
        return range.rows.count * range.columns.count
    }

    /// Whether a token is padding, or not there at all. The full view has no padding.
    public func isPadding(partition: Int, token: Int) -> Bool {
        guard (0..<partitionCount).contains(partition), (0..<tokensPerPartition).contains(token) else { return true }
        guard partition > 0 else { return false }
        let range = keptRange(tile: partition - 1)
        return !range.rows.contains(token / side) || !range.columns.contains(token % side)
    }

    /// The tile in which the centre of a full-view token lies.
    ///
    /// The full view is the picture squashed to a square, the canvas is the picture letterboxed: the centre is mapped
    /// through the content rectangle in pixels. In integers: the centre of column c lies at
    /// x + (2c+1)·width / (2·side), and a tile is canvas / columns wide. Nil without tiles, or for a token that is not
    /// there.
    public func tile(ofFullViewToken token: Int) -> Int? {
        guard tileCount > 0, (0..<tokensPerPartition).contains(token) else { return nil }
        let row = Self.cell(
            of: token / side, side: side, origin: content.y, length: content.height, canvas: canvasSize.height,
            count: tileRows)
        let column = Self.cell(
            of: token % side, side: side, origin: content.x, length: content.width, canvas: canvasSize.width,
            count: tileColumns)
        return row * tileColumns + column
    }

    /// The tiles that a full-view token belongs to, and how much of it each has; together 1.
    ///
    /// Where the full view shows the whole canvas, a token is shared by area: 16 columns do not divide among 3 tiles. The
    /// same as the centre rule where they do. Padded canvases keep the centre rule. Empty without tiles, or for a token
    /// that is not there. O(tiles).
    public func tileShares(ofFullViewToken token: Int) -> [(tile: Int, share: Double)] {
        guard let centre = tile(ofFullViewToken: token) else { return [] }
        guard isStretched else { return [(centre, 1)] }
        let columns = Self.overlaps(of: token % side, side: side, count: tileColumns)
        return Self.overlaps(of: token / side, side: side, count: tileRows).flatMap { row in
            columns.map { column in
                (row.tile * tileColumns + column.tile, Double(row.length * column.length) / Double(tileCount))
            }
        }
    }

    /// Sums the full view's attention over the tiles: S_i of the method.
    func tileScores(of attention: [Float]) -> [Double] {
        var scores = [Double](repeating: 0, count: tileCount)
        for (token, value) in attention.enumerated() {
            for (tile, share) in tileShares(ofFullViewToken: token) { scores[tile] += Double(value) * share }
        }
        return scores
    }

    /// That an allocation and taps are of a picture that is cut like this.
    func check(_ allocation: TokenAllocation, _ taps: [ViewTaps?]) throws(HiREDError) {
        guard allocation.budgets.count == partitionCount, taps.count == partitionCount else {
            throw .invalidLayout(
                "\(allocation.budgets.count) budgets and \(taps.count) views' taps for \(partitionCount) partitions")
        }
    }

    /// Along one axis: the tiles that a token lies over, each with the length of the overlap. A token is `count` long,
    /// and a tile `side`.
    private static func overlaps(of index: Int, side: Int, count: Int) -> [(tile: Int, length: Int)] {
        let (start, end) = (index * count, (index + 1) * count)
        return ((start / side)...((end - 1) / side)).map { tile in
            (tile, min(end, (tile + 1) * side) - max(start, tile * side))
        }
    }

    private static func cell(of index: Int, side: Int, origin: Int, length: Int, canvas: Int, count: Int) -> Int {
        let centre = 2 * side * origin + (2 * index + 1) * length
        return min(centre * count / (2 * side * canvas), count - 1)
    }
}
