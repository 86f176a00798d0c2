package import Checkpoints
import HiRED
package import ImageProcessing

extension ImagePreparation {
    /// Every setting of the image processor is obeyed here, or (rescaling and normalisation) by the vision graph, or
    /// refused by name. Two change nothing and are passed over: `do_convert_rgb`, as pictures are always RGB here, and
    /// LLaVA-NeXT's `do_pad`, which fills up a batch.
    ///
    /// - Throws: `ImageError.unsupportedPreparation` for settings under which a picture does not become views of the
    ///   tower's size.
    package init(_ config: VisionLanguageConfig, preprocessor: PreprocessorConfig) throws {
        let side = config.vision.imageSize
        let variant: Variant =
            switch preprocessor.kind {
            case .llavaNext: try Self.anyResolution(preprocessor, side: side)
            case .llava, .clip: .single(try Self.singleView(preprocessor, side: side))
            case .gotOCR2: try Self.closestGrid(preprocessor, side: side)
            }
        // Cutting tiles is always bicubic there.
        let isFixed = preprocessor.kind == .gotOCR2 && preprocessor.tiles.upperBound > 1
        self.init(
            variant, viewSize: side, patchSize: config.tokenSize,
            includesClassToken: config.featureSelection == .full,
            filter: isFixed ? .bicubic : ResamplingFilter(preprocessor.resampling))
    }

    /// Tiles are made whatever `do_resize` says; a picture that is not cut is only resized with it
    /// (image_processing_got_ocr2.py).
    private static func closestGrid(_ preprocessor: PreprocessorConfig, side: Int) throws -> Variant {
        guard case .exact(side, side) = preprocessor.size else {
            throw refusal("size", "views of another size", side)
        }
        guard preprocessor.resizes || preprocessor.tiles.upperBound > 1 else {
            throw refusal("do_resize", "pictures at their own size", side)
        }
        return .closestGrid(tiles: preprocessor.tiles)
    }

    /// LLaVA-NeXT resizes the full view and cuts tiles whatever `do_resize` and `do_center_crop` say; those act once more
    /// on every view, and do nothing where all sizes are the tower's (image_processing_llava_next.py).
    private static func anyResolution(_ preprocessor: PreprocessorConfig, side: Int) throws -> Variant {
        switch preprocessor.size {
        case .shortestEdge(side): break
        case .exact(let height, let width) where height == side && width == side: break
        case .shortestEdge(let edge): throw refusal("size", "views of \(edge) pixels", side)
        case .exact(let height, let width): throw refusal("size", "views of \(width)×\(height) pixels", side)
        }
        try checkCrop(preprocessor, side)
        return .anyResolution(preprocessor.pinpoints.map { PixelSize(width: $0.width, height: $0.height) })
    }

    private static func singleView(_ preprocessor: PreprocessorConfig, side: Int) throws -> SingleView {
        let pads = preprocessor.kind == .llava && preprocessor.pads
        // The processor takes the mean as a colour: 255 times it, cut to a whole number.
        let colour = preprocessor.mean.map { UInt8(max(0, min(255, $0 * 255))) }
        let size: SingleView.Size =
            switch preprocessor.size {
            case _ where !preprocessor.resizes: .unchanged
            case .shortestEdge(let edge): .shortestEdge(edge)
            case .exact(let height, let width): .exact(PixelSize(width: width, height: height))
            }
        if preprocessor.centerCrops {
            try checkCrop(preprocessor, side)
        } else {
            // Without a crop every picture must come out of the resize at the tower's size.
            switch size {
            case .exact(PixelSize(width: side, height: side)): break
            case .shortestEdge(side) where pads: break
            case .unchanged: throw refusal("do_resize", "pictures at their own size and no crop", side)
            default: throw refusal("do_center_crop", "pictures resized and not cropped to a square", side)
            }
        }
        return SingleView(
            size: size, ground: pads ? RGBColour(red: colour[0], green: colour[1], blue: colour[2]) : nil)
    }

    private static func checkCrop(_ preprocessor: PreprocessorConfig, _ side: Int) throws {
        let (width, height) = (preprocessor.cropWidth, preprocessor.cropHeight)
        guard width == side, height == side else { throw refusal("crop_size", "a crop of \(width)×\(height)", side) }
    }

    private static func refusal(_ key: String, _ what: String, _ side: Int) -> ImageError {
        .unsupportedPreparation("\(what) (\(key)) for a tower of \(side)×\(side) pixels")
    }
}

extension ResamplingFilter {
    init(_ resampling: PreprocessorConfig.Resampling) {
        self =
            switch resampling {
            case .nearest: .nearest
            case .lanczos: .lanczos
            case .bilinear: .bilinear
            case .bicubic: .bicubic
            case .box: .box
            case .hamming: .hamming
            }
    }
}
