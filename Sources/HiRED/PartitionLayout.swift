/// How a picture was cut: a full view, and a grid of tiles over a canvas.
///
/// Partition 0 is the full view, wherever the model reads it (``order``); partitions 1… are the tiles row by row. Every
/// partition has N = side² tokens. A single-partition model (LLaVA-1.5, ShareGPT4V) has no tiles.
public struct PartitionLayout: Sendable, Equatable {
    /// Tokens along one side of a partition: tile size / token size (24 for CLIP-L/336 with patches of 14; 16 for
    /// InternVL, whose tokens are 2×2 patches of views of 448 pixels).
    public let side: Int
    public let tileRows: Int
    public let tileColumns: Int
    /// The picture in pixels, after EXIF rotation.
    public let imageSize: PixelSize
    /// The canvas that the tiles cover, in pixels.
    public let canvasSize: PixelSize
    /// Where on the canvas the resized picture lies; the rest is padding.
    public let content: PixelRectangle
    /// Canvas token rows and columns that are not padding, as LLaVA-NeXT's `unpad_image` keeps them. May be empty.
    public private(set) var keptRows: Range<Int>
    public private(set) var keptColumns: Range<Int>
    /// In which order tokens reach the language model.
    public private(set) var order = TokenOrder.canvasRows
    /// Whether the picture was squeezed to the canvas whatever its proportions, as it is to the full view: then the full
    /// view shows the whole canvas.
    public private(set) var isStretched = false
    /// Whether the model takes the vision transformer's CLS token in front of the patches, one row more.
    public private(set) var includesClassToken = false

    /// No model reads a thousandth of this; strategies make arrays of as many numbers as a picture has tokens.
    static let mostTokens = 1 << 24

    /// A single-partition layout.
    public init(side: Int, imageSize: PixelSize) throws(HiREDError) {
        try self.init(
            side: side, tileRows: 0, tileColumns: 0, imageSize: imageSize, canvasSize: PixelSize(width: 0, height: 0),
            content: PixelRectangle(x: 0, y: 0, width: 0, height: 0))
    }

    /// - Throws: `HiREDError.invalidLayout` for sides that are not positive, more than 2²⁴ tokens, or a rectangle
    ///   outside the canvas.
    public init(
        side: Int, tileRows: Int, tileColumns: Int, imageSize: PixelSize, canvasSize: PixelSize, content: PixelRectangle
    ) throws(HiREDError) {
        guard (1...4096).contains(side) else { throw .invalidLayout("\(side) tokens a side") }
        guard imageSize.width > 0, imageSize.height > 0, imageSize.width < 1 << 24, imageSize.height < 1 << 24 else {
            throw .invalidLayout("a picture of \(imageSize.width)×\(imageSize.height) pixels")
        }
        guard (tileRows == 0) == (tileColumns == 0), (0...64).contains(tileRows), (0...64).contains(tileColumns) else {
            throw .invalidLayout("\(tileRows)×\(tileColumns) tiles")
        }
        guard (tileRows * tileColumns + 1) * side * side <= Self.mostTokens else {
            throw .invalidLayout("more than \(Self.mostTokens) tokens")
        }
        if tileRows > 0 {
            guard canvasSize.width >= tileColumns, canvasSize.height >= tileRows, content.x >= 0, content.y >= 0,
                content.width > 0, content.height > 0, canvasSize.width < 1 << 24, canvasSize.height < 1 << 24,
                content.width <= canvasSize.width - content.x, content.height <= canvasSize.height - content.y
            else { throw .invalidLayout("the content rectangle does not lie on the canvas") }
        }
        self.side = side
        self.tileRows = tileRows
        self.tileColumns = tileColumns
        self.imageSize = imageSize
        self.canvasSize = canvasSize
        self.content = content
        (keptRows, keptColumns) = Self.unpadded(rows: tileRows * side, columns: tileColumns * side, image: imageSize)
    }

    /// A picture squeezed to its canvas: no token is padding.
    ///
    /// - Parameters:
    ///   - tileRows: 0, as the columns, for a single partition.
    ///   - order: in which the model was trained to read the tokens.
    /// - Throws: `HiREDError.invalidLayout`.
    public init(
        side: Int, tileRows: Int, tileColumns: Int, imageSize: PixelSize, stretchedTo canvasSize: PixelSize,
        order: TokenOrder
    ) throws(HiREDError) {
        try self.init(
            side: side, tileRows: tileRows, tileColumns: tileColumns, imageSize: imageSize, canvasSize: canvasSize,
            content: PixelRectangle(x: 0, y: 0, width: canvasSize.width, height: canvasSize.height))
        (keptRows, keptColumns) = (0..<(tileRows * side), 0..<(tileColumns * side))
        self.order = order
        isStretched = true
    }

    /// The same cut for a model that takes the CLS token too (`vision_feature_select_strategy` `full`).
    ///
    /// - Throws: `HiREDError.invalidLayout` with tiles: LLaVA-NeXT has no place for a CLS token of each.
    public func includingClassToken() throws(HiREDError) -> PartitionLayout {
        guard tileCount == 0 else { throw .invalidLayout("a CLS token beside tiles") }
        var layout = self
        layout.includesClassToken = true
        return layout
    }

    /// `unpad_image` of Transformers 4.57.6 (models/llava_next/modeling_llava_next.py) in integers: with h, w the
    /// picture and ch, cw the canvas in tokens, n = h·cw / w rows (or w·ch / h columns) stay, (current − n) // 2 go
    /// on either side.
    private static func unpadded(rows: Int, columns: Int, image: PixelSize) -> (Range<Int>, Range<Int>) {
        guard rows > 0 else { return (0..<0, 0..<0) }
        if image.width * rows > columns * image.height {
            let padding = (rows - image.height * columns / image.width) / 2
            return (padding..<(rows - padding), 0..<columns)
        }
        let padding = (columns - image.width * rows / image.height) / 2
        return (0..<rows, padding..<(columns - padding))
    }
}

/// In which order the tokens of a picture's views reach the language model.
public enum TokenOrder: Sendable, Hashable {
    /// The full view, then the tiles' tokens row by row over the whole canvas, a separator behind each row (LLaVA-NeXT).
    case canvasRows
    /// View by view, each row by row, the full view last; no separators (InternVL).
    case views
}

public struct PixelSize: Sendable, Hashable {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

public struct PixelRectangle: Sendable, Hashable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}
