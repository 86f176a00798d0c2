public import HiRED

/// LLaVA-NeXT's cut of a picture into a full view and tiles, from decoded RGB on exactly as Transformers 4.57.6's slow
/// processor does it (models/llava_next/image_processing_llava_next.py).
public enum AnyResolution {
    /// The resolution that keeps most of the picture; among equals the one that wastes least, then the earlier.
    ///
    /// Doubles in the reference's order of operations: exact arithmetic would choose otherwise at times.
    public static func bestResolution(for size: PixelSize, among resolutions: [PixelSize]) -> PixelSize? {
        var best: (resolution: PixelSize, effective: Int, wasted: Int)?
        for resolution in resolutions {
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

    /// Where the resized picture lies on a canvas: as large as fits, left and top padding rounded down.
    public static func content(of size: PixelSize, on canvas: PixelSize) -> PixelRectangle {
        let across = Double(canvas.width) / Double(size.width)
        let down = Double(canvas.height) / Double(size.height)
        let (width, height): (Int, Int)
        if across < down {
            width = canvas.width
            height = min(Int((Double(size.height) * across).rounded(.up)), canvas.height)
        } else {
            height = canvas.height
            width = min(Int((Double(size.width) * down).rounded(.up)), canvas.width)
        }
        return PixelRectangle(
            x: (canvas.width - width) / 2, y: (canvas.height - height) / 2, width: width, height: height)
    }
}
