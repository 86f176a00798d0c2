import Foundation
import HiRED
import ImageProcessing
import Inference

/// The views of a picture with dropped tokens dimmed.
struct SelectionPicture {
    let tokens: ImageTokens
    let partitions: ImagePartitions

    /// Kept flags of each partition, as they reach the language model.
    var kept: [[Bool]] {
        let layout = tokens.layout
        var flags = [[Bool]](
            repeating: [Bool](repeating: false, count: layout.tokensPerPartition), count: layout.partitionCount)
        for case .token(let partition, let index) in tokens.selection.slots { flags[partition][index] = true }
        return flags
    }

    /// Full view at the left, the canvas of the tiles at the right.
    func render() -> RGBImage {
        let layout = tokens.layout
        let size = partitions.viewSize
        let canvas = partitions.canvas()
        let gap = layout.tileCount > 0 ? 12 : 0
        let (width, height) = (size + gap + canvas.width, max(size, canvas.height))
        var pixels = [UInt8](repeating: 255, count: 3 * width * height)
        let flags = kept
        let patch = size / layout.side
        func draw(_ image: RGBImage, atX originX: Int, flag: (Int, Int) -> Bool) {
            image.withUnsafePixels { source in
                for y in 0..<image.height {
                    for x in 0..<image.width {
                        let isKept = flag(x, y)
                        for channel in 0..<3 {
                            let value = source[3 * (y * image.width + x) + channel]
                            pixels[3 * (y * width + originX + x) + channel] = isKept ? value : value / 4
                        }
                    }
                }
            }
        }
        draw(partitions.fullView, atX: 0) { x, y in flags[0][y / patch * layout.side + x / patch] }
        draw(canvas, atX: size + gap) { x, y in
            let tile = y / size * layout.tileColumns + x / size
            return flags[tile + 1][y % size / patch * layout.side + x % size / patch]
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }
}
