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
    /// Whether the model takes the CLS token of a picture beside its patches.
    public let includesClassToken: Bool

    public init(_ variant: Variant, viewSize: Int, patchSize: Int, includesClassToken: Bool = false) {
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
            case .anyResolution: BicubicResize.resize(image, width: viewSize, height: viewSize)
            case .centreCrop(let edge): centreCrop(image, shortestEdge: edge)
            case .padToSquare(let red, let green, let blue):
                BicubicResize.resize(
                    image.paddedToSquare(colour: (red, green, blue)), width: viewSize, height: viewSize)
            }
        return ImagePartitions(layout: layout, viewSize: viewSize, fullView: fullView, of: image)
    }

    private func singleLayout(_ size: PixelSize) throws -> PartitionLayout {
        let layout = try PartitionLayout(side: viewSize / patchSize, imageSize: size)
        return includesClassToken ? try layout.includingClassToken() : layout
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
