public import HiRED

/// What a checkpoint's vision tower wants pictures to become.
public struct ImagePreparation: Sendable, Equatable {
    public enum Variant: Sendable, Equatable {
        /// LLaVA-NeXT: a full view and tiles; resolutions in the order of the configuration.
        case anyResolution([PixelSize])
        /// InternVL: squeezed to the grid nearest the picture's proportions, fewest and most tiles, and a full view.
        case closestGrid(tiles: ClosedRange<Int>)
        /// One view.
        case single(SingleView)

        /// LLaVA-1.5 as CLIP does it: the shorter edge resized, the middle cut out.
        public static func centreCrop(shortestEdge: Int) -> Variant {
            .single(SingleView(size: .shortestEdge(shortestEdge)))
        }

        /// LLaVA-1.5 with `do_pad`: padded to a square with a colour, then resized.
        public static func padToSquare(red: UInt8, green: UInt8, blue: UInt8) -> Variant {
            .single(SingleView(size: .view, ground: RGBColour(red: red, green: green, blue: blue)))
        }
    }

    public let variant: Variant
    /// Pixels along one side of a view.
    public let viewSize: Int
    /// Pixels along one side of a token: of a patch, or of a square of them that makes one token.
    public let patchSize: Int
    /// Whether the model takes the CLS token of a picture beside its patches.
    public let includesClassToken: Bool
    /// For every resize.
    public let filter: ResamplingFilter

    public init(
        _ variant: Variant, viewSize: Int, patchSize: Int, includesClassToken: Bool = false,
        filter: ResamplingFilter = .bicubic
    ) {
        self.includesClassToken = includesClassToken
        self.variant = variant
        self.viewSize = viewSize
        self.patchSize = patchSize
        self.filter = filter
    }

    /// How a picture of a size will be cut. O(resolutions); touches no pixel.
    ///
    /// - Throws: `HiREDError.invalidLayout`, `ImageError.unsupportedPreparation` when sizes do not fit each other,
    ///   `ImageError.tooElongated`.
    public func layout(for size: PixelSize) throws -> PartitionLayout {
        guard max(size.width, size.height) < Self.sideLimit else {
            throw ImageError.tooElongated(width: size.width, height: size.height)
        }
        switch variant {
        case .anyResolution, .closestGrid:
            let layout: PartitionLayout
            do { layout = try tiled(size) } catch {
                throw ImageError.unsupportedPreparation("a cut that cannot be made: \(error)")
            }
            let view = PixelSize(width: viewSize, height: viewSize)
            let canvas = PixelSize(width: layout.content.width, height: layout.content.height)
            guard
                (layout.tileCount > 0 ? [view, canvas] : [view]).allSatisfy({
                    PlaceOnGround(covering: size).work(
                        to: $0, columns: 0..<$0.width, rows: 0..<$0.height, filter: filter) <= Self.workLimit
                })
            else {
                throw ImageError.tooElongated(width: size.width, height: size.height)
            }
            return layout
        case .single(let view):
            guard view.work(size, viewSize: viewSize, filter: filter) <= Self.workLimit else {
                throw ImageError.tooElongated(width: size.width, height: size.height)
            }
            let layout = try tiled(size)
            return includesClassToken ? try layout.includingClassToken() : layout
        }
    }

    /// A cut into tiles; the view alone for a picture that is prepared as one.
    private func tiled(_ size: PixelSize) throws -> PartitionLayout {
        switch variant {
        case .anyResolution(let resolutions):
            try PartitionLayout(imageSize: size, resolutions: resolutions, viewSize: viewSize, patchSize: patchSize)
        case .closestGrid(let tiles):
            try PartitionLayout(imageSize: size, tiles: tiles, viewSize: viewSize, tokenSize: patchSize)
        case .single: try PartitionLayout(side: viewSize / patchSize, imageSize: size)
        }
    }

    /// What `PartitionLayout` counts with.
    private static let sideLimit = 1 << 24

    /// Pixels between the two passes of a resize that a picture may cause: 336 columns of 1.5 million rows, which take
    /// two or three seconds.
    static let workLimit = 5e8

    /// Cuts a picture into all its views; nothing of the picture itself is kept.
    ///
    /// - Throws: as ``layout(for:)``.
    public func prepare(_ image: RGBImage) throws -> ImagePartitions {
        let layout = try layout(for: PixelSize(width: image.width, height: image.height))
        let fullView: RGBImage =
            switch variant {
            case .anyResolution, .closestGrid: Resize.resize(image, width: viewSize, height: viewSize, filter: filter)
            case .single(let view): view.make(of: image, viewSize: viewSize, filter: filter)
            }
        return ImagePartitions(layout: layout, viewSize: viewSize, fullView: fullView, of: image, filter: filter)
    }
}
