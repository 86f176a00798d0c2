public import HiRED

/// What a checkpoint's vision tower wants pictures to become.
public struct ImagePreparation: Sendable, Equatable {
    public enum Variant: Sendable, Equatable {
        /// LLaVA-NeXT: a full view and tiles; resolutions in the order of the configuration.
        case anyResolution([PixelSize])
        /// LLaVA-1.5 as CLIP does it: the shorter edge resized, the middle cut out.
        case centreCrop(shortestEdge: Int)
        /// LLaVA-1.5 with `do_pad`: padded to a square with a colour, then resized.
        case padToSquare(red: UInt8, green: UInt8, blue: UInt8)
    }

    public let variant: Variant
    /// Pixels along one side of a view.
    public let viewSize: Int
    /// Pixels along one side of a patch.
    public let patchSize: Int

    public init(_ variant: Variant, viewSize: Int, patchSize: Int) {
        self.variant = variant
        self.viewSize = viewSize
        self.patchSize = patchSize
    }

    /// Cuts a picture. The canvas of the tiles is made when the first of them is asked for.
    ///
    /// - Throws: `HiREDError.invalidLayout` when sizes do not fit each other.
    public func prepare(_ image: RGBImage) throws -> ImagePartitions {
        let size = PixelSize(width: image.width, height: image.height)
        let side = viewSize / patchSize
        switch variant {
        case .anyResolution(let resolutions):
            guard let canvas = AnyResolution.bestResolution(for: size, among: resolutions) else {
                throw ImageError.unsupportedPreparation("no resolution at all")
            }
            guard canvas.width % viewSize == 0, canvas.height % viewSize == 0 else {
                throw ImageError.unsupportedPreparation(
                    "a resolution of \(canvas.width)×\(canvas.height), not a multiple of \(viewSize)")
            }
            let content = AnyResolution.content(of: size, on: canvas)
            let layout = try PartitionLayout(
                side: side, tileRows: canvas.height / viewSize, tileColumns: canvas.width / viewSize, imageSize: size,
                canvasSize: canvas, content: content)
            return ImagePartitions(
                layout: layout, viewSize: viewSize,
                fullView: BicubicResize.resize(image, width: viewSize, height: viewSize), source: image)
        case .centreCrop(let edge):
            return ImagePartitions(
                layout: try PartitionLayout(side: side, imageSize: size), viewSize: viewSize,
                fullView: centreCrop(image, shortestEdge: edge), source: image)
        case .padToSquare(let red, let green, let blue):
            let square = image.paddedToSquare(colour: (red, green, blue))
            return ImagePartitions(
                layout: try PartitionLayout(side: side, imageSize: size), viewSize: viewSize,
                fullView: BicubicResize.resize(square, width: viewSize, height: viewSize), source: image)
        }
    }

    /// CLIP's resize and crop (Transformers 4.57.6, image_transforms.py: get_resize_output_image_size, center_crop).
    private func centreCrop(_ image: RGBImage, shortestEdge edge: Int) -> RGBImage {
        let (short, long) = (min(image.width, image.height), max(image.width, image.height))
        let newLong = Int(Double(edge * long) / Double(short))
        let isTall = image.width <= image.height
        let (width, height) = isTall ? (edge, newLong) : (newLong, edge)
        let left = (width - viewSize) >> 1
        let top = (height - viewSize) >> 1
        guard left >= 0, top >= 0 else {
            return BicubicResize.resize(image, width: width, height: height)
                .cropped(x: left, y: top, width: viewSize, height: viewSize)
        }
        return BicubicResize.resize(
            image, width: width, height: height, columns: left..<(left + viewSize), rows: top..<(top + viewSize))
    }
}

/// A prepared picture: its layout, and the pixels of each partition when they are asked for.
public struct ImagePartitions: Sendable {
    public let layout: PartitionLayout
    /// Pixels along one side of a partition.
    public let viewSize: Int
    public let fullView: RGBImage
    private let source: RGBImage

    init(layout: PartitionLayout, viewSize: Int, fullView: RGBImage, source: RGBImage) {
        self.layout = layout
        self.viewSize = viewSize
        self.fullView = fullView
        self.source = source
    }

    /// The canvas that the tiles are cut from, letterboxed in black. Empty without tiles.
    public func canvas() -> RGBImage {
        let content = layout.content
        guard layout.tileCount > 0 else { return RGBImage(width: 0, height: 0, pixels: []) }
        let resized = BicubicResize.resize(source, width: content.width, height: content.height)
        return resized.placed(
            x: content.x, y: content.y, width: layout.canvasSize.width, height: layout.canvasSize.height,
            colour: (0, 0, 0))
    }

    /// Tiles, row by row, written one behind the other: each viewSize² RGB pixels.
    public func write(tiles: [Int], of canvas: RGBImage, to target: UnsafeMutableBufferPointer<UInt8>) {
        let count = 3 * viewSize * viewSize
        for (place, tile) in tiles.enumerated() {
            canvas.copyRectangle(
                x: tile % layout.tileColumns * viewSize, y: tile / layout.tileColumns * viewSize, width: viewSize,
                height: viewSize, to: UnsafeMutableBufferPointer(rebasing: target[(place * count)...].prefix(count)))
        }
    }
}
