package import Checkpoints
import HiRED
package import ImageProcessing

extension ImagePreparation {
    /// - Throws: `ImageError.unsupportedPreparation` for settings that no published checkpoint has.
    package init(_ config: VisionLanguageConfig, preprocessor: PreprocessorConfig) throws {
        let size = config.vision.imageSize
        let edge: Int?
        let exact: PixelSize?
        switch preprocessor.size {
        case .shortestEdge(let value): (edge, exact) = (value, nil)
        case .exact(let height, let width):
            (edge, exact) = (height == width ? height : nil, PixelSize(width: width, height: height))
        }
        guard preprocessor.resizes else { throw ImageError.unsupportedPreparation("pictures that are not resized") }
        if preprocessor.centerCrops {
            guard preprocessor.cropWidth == size, preprocessor.cropHeight == size else {
                throw ImageError.unsupportedPreparation(
                    "a crop of \(preprocessor.cropWidth)×\(preprocessor.cropHeight) for a tower of \(size) pixels")
            }
        }
        guard let filter = preprocessor.resampling.filter else {
            throw ImageError.unsupportedPreparation("resampling by the nearest neighbour (resample 0)")
        }
        let variant: Variant
        switch preprocessor.kind {
        case .llavaNext:
            variant = .anyResolution(preprocessor.pinpoints.map { PixelSize(width: $0.width, height: $0.height) })
        case .llava where preprocessor.pads:
            // The processor takes the mean as a colour: 255 times it, cut to a whole number.
            let colour = preprocessor.mean.map { UInt8(max(0, min(255, $0 * 255))) }
            variant = .padToSquare(red: colour[0], green: colour[1], blue: colour[2])
        case .clip, .llava: variant = exact.map(Variant.exact) ?? .centreCrop(shortestEdge: edge ?? size)
        }
        // Without the crop, only what has the tower's size at once can be read; tiles and padded squares always do.
        let isSquare =
            switch variant {
            case .centreCrop: preprocessor.centerCrops
            case .exact(let given): preprocessor.centerCrops || given == PixelSize(width: size, height: size)
            case .anyResolution, .padToSquare: edge == size
            }
        guard isSquare else {
            let given = exact.map { "\($0.width)×\($0.height)" } ?? "\(edge ?? size)"
            throw ImageError.unsupportedPreparation("views of \(given) pixels for a tower of \(size)")
        }
        self.init(
            variant, viewSize: size, patchSize: config.vision.patchSize,
            includesClassToken: config.featureSelection == .full, filter: filter)
    }
}

extension PreprocessorConfig.Resampling {
    /// nil for Pillow's nearest neighbour, which is no filter.
    fileprivate var filter: ResampleFilter? {
        switch self {
        case .nearest: nil
        case .lanczos: .lanczos
        case .bilinear: .bilinear
        case .bicubic: .bicubic
        case .box: .box
        case .hamming: .hamming
        }
    }
}
