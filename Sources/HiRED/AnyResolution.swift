/// LLaVA-NeXT's choice of a canvas and of the picture's place on it, as Transformers 4.57.6's slow processor does it
/// (models/llava_next/image_processing_llava_next.py).
public enum AnyResolution {
    /// Sides beyond these are no pictures, and keep the arithmetic from overflowing.
    private static let sides = 1..<(1 << 24)

    private static func isSound(_ size: PixelSize) -> Bool {
        sides.contains(size.width) && sides.contains(size.height)
    }

    /// The resolution that keeps most of the picture; among equals the one that wastes least, then the earlier. Nil
    /// where no resolution, or not the picture, has sides from 1 to 2²⁴ − 1. O(resolutions).
    ///
    /// Doubles in the reference's order of operations: exact arithmetic would choose otherwise at times.
    public static func bestResolution(for size: PixelSize, among resolutions: [PixelSize]) -> PixelSize? {
        guard isSound(size) else { return nil }
        var best: (resolution: PixelSize, effective: Int, wasted: Int)?
        for resolution in resolutions where isSound(resolution) {
            let scale = min(
                Double(resolution.width) / Double(size.width), Double(resolution.height) / Double(size.height))
            let (width, height) = (Int(Double(size.width) * scale), Int(Double(size.height) * scale))
            let effective = min(width * height, size.width * size.height)
            let wasted = resolution.width * resolution.height - effective
            let isBetter =
                best.map { effective > $0.effective || (effective == $0.effective && wasted < $0.wasted) } ?? true
            if isBetter { best = (resolution, effective, wasted) }
        }
        return best?.resolution
    }

    /// Where the resized picture lies on a canvas: as large as fits, left and top padding rounded down. Nil for sides
    /// outside 1 to 2²⁴ − 1.
    public static func content(of size: PixelSize, on canvas: PixelSize) -> PixelRectangle? {
        guard isSound(size), isSound(canvas) else { return nil }
        let across = Double(canvas.width) / Double(size.width)
        let down = Double(canvas.height) / Double(size.height)
        let (width, height): (Int, Int)
        if across < down {
            width = canvas.width
            height = min(ceiling(Double(size.height) * across), canvas.height)
        } else {
            height = canvas.height
            width = min(ceiling(Double(size.width) * down), canvas.width)
        }
        return PixelRectangle(
            x: (canvas.width - width) / 2, y: (canvas.height - height) / 2, width: width, height: height)
    }

    /// Of a positive number; the library's own rounding would need the system's mathematics library.
    private static func ceiling(_ value: Double) -> Int {
        let whole = Int(value)
        return Double(whole) < value ? whole + 1 : whole
    }
}

extension PartitionLayout {
    /// The layout of a picture under LLaVA-NeXT's cut: the best of some resolutions as the canvas, the picture
    /// letterboxed on it, tiles of the size of a view. O(resolutions).
    ///
    /// - Parameters:
    ///   - imageSize: in pixels, turned upright.
    ///   - resolutions: `image_grid_pinpoints`, in the order of the configuration.
    ///   - viewSize: pixels along one side of a view, 336 for CLIP-L/336.
    ///   - patchSize: pixels along one side of a token, 14 there.
    /// - Throws: `HiREDError.invalidLayout` where no resolution fits, or sizes do not divide each other.
    public init(
        imageSize: PixelSize, resolutions: [PixelSize], viewSize: Int, patchSize: Int
    ) throws(HiREDError) {
        guard patchSize > 0, viewSize >= patchSize else {
            throw .invalidLayout("views of \(viewSize) pixels in patches of \(patchSize)")
        }
        guard let canvas = AnyResolution.bestResolution(for: imageSize, among: resolutions),
            let content = AnyResolution.content(of: imageSize, on: canvas)
        else {
            throw .invalidLayout("no resolution for a picture of \(imageSize.width)×\(imageSize.height) pixels")
        }
        guard canvas.width % viewSize == 0, canvas.height % viewSize == 0 else {
            throw .invalidLayout("a resolution of \(canvas.width)×\(canvas.height) is no multiple of \(viewSize)")
        }
        try self.init(
            side: viewSize / patchSize, tileRows: canvas.height / viewSize, tileColumns: canvas.width / viewSize,
            imageSize: imageSize, canvasSize: canvas, content: content)
    }
}
