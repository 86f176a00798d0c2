public import HiRED

/// What a checkpoint's vision tower wants pictures to become.
public struct ImagePreparation: Sendable, Equatable {
    public enum Variant: Sendable, Equatable {
        /// LLaVA-NeXT: a full view and tiles; resolutions in the order of the configuration.
        case anyResolution([PixelSize])
        /// LLaVA-1.5 as CLIP does it: the shorter edge resized, the middle cut out.
        case centreCrop(shortestEdge: Int)
        /// The same with a size of its own: squeezed to it, the middle cut out.
        case exact(PixelSize)
        /// LLaVA-1.5 with `do_pad`: padded to a square with a colour, then resized.
        case padToSquare(red: UInt8, green: UInt8, blue: UInt8)
    }

    public let variant: Variant
    /// Of every resize.
    public let filter: ResampleFilter
    /// Pixels along one side of a view.
    public let viewSize: Int
    /// Pixels along one side of a patch.
    public let patchSize: Int
    /// Whether the model takes the CLS token of a picture beside its patches.
    public let includesClassToken: Bool

    public init(
        _ variant: Variant, viewSize: Int, patchSize: Int, includesClassToken: Bool = false,
        filter: ResampleFilter = .bicubic
    ) {
        self.filter = filter
        self.includesClassToken = includesClassToken
        self.variant = variant
        self.viewSize = viewSize
        self.patchSize = patchSize
    }

    /// How a picture of a size will be cut. O(resolutions); touches no pixel.
    ///
    /// - Throws: `HiREDError.invalidLayout`, `ImageError.unsupportedPreparation` when sizes do not fit each other.
    public func layout(for size: PixelSize) throws -> PartitionLayout {
        guard case .anyResolution(let resolutions) = variant else {
            return try singleLayout(size)
        }
        do {
            return try PartitionLayout(
                imageSize: size, resolutions: resolutions, viewSize: viewSize, patchSize: patchSize)
        } catch { throw ImageError.unsupportedPreparation("a cut that cannot be made: \(error)") }
    }

    /// Cuts a picture into all its views; nothing of the picture itself is kept.
    ///
    /// - Throws: as ``layout(for:)``.
    public func prepare(_ image: RGBImage) throws -> ImagePartitions {
        let layout = try layout(for: PixelSize(width: image.width, height: image.height))
        let fullView: RGBImage =
            switch variant {
            case .anyResolution: Resampling.resize(image, width: viewSize, height: viewSize, filter: filter)
            case .centreCrop(let edge): centreCrop(image, to: Self.size(of: image, shortestEdge: edge))
            case .exact(let size): centreCrop(image, to: size)
            case .padToSquare(let red, let green, let blue):
                Resampling.resizePadded(image, colour: (red, green, blue), side: viewSize, filter: filter)
            }
        return ImagePartitions(
            layout: layout, viewSize: viewSize, fullView: fullView, of: image, filter: filter)
    }

    private func singleLayout(_ size: PixelSize) throws -> PartitionLayout {
        let layout = try PartitionLayout(side: viewSize / patchSize, imageSize: size)
        return includesClassToken ? try layout.includingClassToken() : layout
    }

    /// Transformers 4.57.6, image_transforms.py: get_resize_output_image_size.
    private static func size(of image: RGBImage, shortestEdge edge: Int) -> PixelSize {
        let (short, long) = (min(image.width, image.height), max(image.width, image.height))
        let newLong = Int(Double(edge * long) / Double(short))
        return image.width <= image.height
            ? PixelSize(width: edge, height: newLong) : PixelSize(width: newLong, height: edge)
    }

    /// Resizes and cuts the middle out; what lies outside the picture is black (Transformers 4.57.6,
    /// image_transforms.py: center_crop). Only what is cut out is made.
    private func centreCrop(_ image: RGBImage, to size: PixelSize) -> RGBImage {
        let (left, top) = ((size.width - viewSize) >> 1, (size.height - viewSize) >> 1)
        let columns = (left..<(left + viewSize)).clamped(to: 0..<size.width)
        let rows = (top..<(top + viewSize)).clamped(to: 0..<size.height)
        let part = Resampling.resize(
            image, width: size.width, height: size.height, columns: columns, rows: rows, filter: filter)
        return part.placed(
            x: columns.lowerBound - left, y: rows.lowerBound - top, width: viewSize, height: viewSize,
            colour: (0, 0, 0))
    }
}
