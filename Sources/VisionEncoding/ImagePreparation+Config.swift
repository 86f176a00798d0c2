package import Checkpoints
import HiRED
package import ImageProcessing

extension ImagePreparation {
    /// - Throws: `ImageError.unsupportedPreparation` for settings that no published checkpoint has.
    package init(_ config: VisionLanguageConfig, preprocessor: PreprocessorConfig) throws {
        let size = config.vision.imageSize
        let edge: Int
        switch preprocessor.size {
        case .shortestEdge(let value): edge = value
        case .exact(let height, let width):
            guard height == width else { throw ImageError.unsupportedPreparation("pictures of \(width)×\(height)") }
            edge = height
        }
        guard preprocessor.resizes,
            !preprocessor.centerCrops || (preprocessor.cropWidth == size && preprocessor.cropHeight == size)
        else {
            throw ImageError.unsupportedPreparation(
                "a crop of \(preprocessor.cropWidth)×\(preprocessor.cropHeight) for a tower of \(size) pixels")
        }
        let variant: Variant
        switch preprocessor.kind {
        case .llavaNext:
            variant = .anyResolution(preprocessor.pinpoints.map { PixelSize(width: $0.width, height: $0.height) })
        case .llava where preprocessor.pads:
            // The processor takes the mean as a colour: 255 times it, cut to a whole number.
            let colour = preprocessor.mean.map { UInt8(max(0, min(255, $0 * 255))) }
            variant = .padToSquare(red: colour[0], green: colour[1], blue: colour[2])
        case .clip, .llava: variant = .centreCrop(shortestEdge: edge)
        }
        if case .centreCrop = variant {
        } else if edge != size {
            throw ImageError.unsupportedPreparation("views of \(edge) pixels for a tower of \(size)")
        }
        self.init(
            variant, viewSize: size, patchSize: config.vision.patchSize,
            includesClassToken: config.featureSelection == .full)
    }
}
