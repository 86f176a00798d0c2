internal import CImageCodecs
import Foundation

/// Bicubic resize, bit for bit as Pillow 11 does it (libImaging/Resample.c): the filter widened when shrinking, first
/// all rows across, then all columns down, 8 bits in between, weights in 22-bit fixed point.
enum BicubicResize {
    /// - Complexity: O(height·newWidth·taps + newHeight·newWidth·taps), taps = 4·max(shrinkage, 1).
    static func resize(_ image: RGBImage, width: Int, height: Int) -> RGBImage {
        resize(image, width: width, height: height, columns: 0..<width, rows: 0..<height)
    }

    /// The part of a resized picture, without making the whole: a strip of one pixel by thousands grows to gigabytes.
    static func resize(_ image: RGBImage, width: Int, height: Int, columns: Range<Int>, rows: Range<Int>) -> RGBImage {
        let down = Weights(from: image.height, to: height, range: rows)
        let changes = (across: image.width != width, down: image.height != height)
        // Only source rows that the second pass reads pass through the first.
        let needed = changes.down ? down.sourceRange : rows
        let across: RGBImage
        if changes.across {
            across = horizontal(image, Weights(from: image.width, to: width, range: columns), rows: needed)
        } else {
            across = image.cropped(
                x: columns.lowerBound, y: needed.lowerBound, width: columns.count, height: needed.count)
        }
        return changes.down ? vertical(across, down, firstRow: needed.lowerBound) : across
    }

    private struct Weights {
        var starts: [Int32]
        var taps: [Int32]
        /// `stride` for each output; an even number, zeros behind the last tap.
        var coefficients: [Int32]
        var stride: Int

        var sourceRange: Range<Int> {
            guard let first = starts.first, let last = starts.last, let count = taps.last else { return 0..<0 }
            return Int(first)..<Int(last + count)
        }

        init(from size: Int, to newSize: Int, range: Range<Int>) {
            let scale = Double(size) / Double(newSize)
            let widening = max(scale, 1)
            let support = 2 * widening
            let inverse = 1 / widening
            let longest = Int(support.rounded(.up)) * 2 + 1
            stride = (longest + 1) / 2 * 2
            starts = []
            taps = []
            coefficients = [Int32](repeating: 0, count: range.count * stride)
            var row = [Double](repeating: 0, count: longest)
            for place in range {
                let centre = (Double(place) + 0.5) * scale
                let first = max(Int(centre - support + 0.5), 0)
                let count = min(Int(centre + support + 0.5), size) - first
                var sum = 0.0
                for tap in 0..<count {
                    row[tap] = Self.bicubic((Double(tap + first) - centre + 0.5) * inverse)
                    sum += row[tap]
                }
                for tap in 0..<count {
                    let weight = (sum == 0 ? row[tap] : row[tap] / sum) * Double(1 << 22)
                    coefficients[(place - range.lowerBound) * stride + tap] = Int32(
                        weight < 0 ? weight - 0.5 : weight + 0.5)
                }
                starts.append(Int32(first))
                taps.append(Int32(count))
            }
        }

        /// Keys' cubic with a = −0.5.
        private static func bicubic(_ distance: Double) -> Double {
            let a = -0.5
            let x = abs(distance)
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        }
    }

    private static func horizontal(_ image: RGBImage, _ weights: Weights, rows: Range<Int>) -> RGBImage {
        let width = weights.starts.count
        return image.withUnsafePixels { source in
            RGBImage(width: width, height: rows.count) { target in
                // A picture has at least one pixel, so its address exists.
                guard let from = source.baseAddress else { return }
                ic_resample_horizontal(
                    from + 3 * image.width * rows.lowerBound, 3 * image.width, target.baseAddress, 3 * width,
                    rows.count,
                    width, weights.starts, weights.taps, weights.coefficients, weights.stride)
            }
        }
    }

    private static func vertical(_ image: RGBImage, _ weights: Weights, firstRow: Int) -> RGBImage {
        let rowBytes = 3 * image.width
        return image.withUnsafePixels { source in
            weights.coefficients.withUnsafeBufferPointer { coefficients in
                RGBImage(width: image.width, height: weights.starts.count) { target in
                    // All three exist: a picture has at least one pixel, and every output a weight.
                    guard let from = source.baseAddress, let to = target.baseAddress,
                        let table = coefficients.baseAddress
                    else { return }
                    for row in weights.starts.indices {
                        ic_resample_vertical(
                            from + (Int(weights.starts[row]) - firstRow) * rowBytes, rowBytes, to + row * rowBytes,
                            rowBytes, Int(weights.taps[row]), table + row * weights.stride)
                    }
                }
            }
        }
    }
}
