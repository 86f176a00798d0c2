internal import CImageCodecs

/// Resizes bit for bit as Pillow 11 does (libImaging/Resample.c): first all rows across, then all columns down, 8 bits in
/// between.
enum Resampling {
    /// Bytes between the two passes, of weights, or of a ground, up to which a picture is resized in one piece.
    static let pieceBytes = 64 << 20

    /// - Complexity: O(height·newWidth·taps + newHeight·newWidth·taps), taps = 2·support·max(shrinkage, 1).
    static func resize(_ image: RGBImage, width: Int, height: Int, filter: ResampleFilter) -> RGBImage {
        resize(image, width: width, height: height, columns: 0..<width, rows: 0..<height, filter: filter)
    }

    /// The part of a resized picture, without making the whole: a strip of one pixel by thousands grows to gigabytes.
    static func resize(
        _ image: RGBImage, width: Int, height: Int, columns: Range<Int>, rows: Range<Int>, filter: ResampleFilter,
        pieceBytes: Int = pieceBytes
    ) -> RGBImage {
        let down = rows.count * ResampleWeights.taps(from: image.height, to: height, filter: filter)
        guard image.height == height || max(3 * columns.count * image.height, 4 * down) <= pieceBytes else {
            return StripResampling(
                image, on: nil, width: width, height: height, columns: columns, rows: rows, filter: filter,
                pieceBytes: pieceBytes
            ).result()
        }
        // Only source rows that the second pass reads pass through the first.
        let weights =
            image.height == height ? nil : ResampleWeights(from: image.height, to: height, range: rows, filter: filter)
        let needed = weights?.sourceRange ?? rows
        let across = firstPass(
            image, width: width, columns: columns, rows: needed, filter: filter, pieceBytes: pieceBytes)
        return weights.map { vertical(across, $0, firstRow: needed.lowerBound) } ?? across
    }

    /// A picture in the middle of a square of one colour, resized to a square: as LLaVA's `pad_to_square` followed by a
    /// resize. The square itself is not made where it is large.
    static func resizePadded(
        _ image: RGBImage, colour: (UInt8, UInt8, UInt8), side: Int, filter: ResampleFilter,
        pieceBytes: Int = pieceBytes
    ) -> RGBImage {
        let longer = max(image.width, image.height)
        let (bytes, overflow) = longer.multipliedReportingOverflow(by: 3 * longer)
        guard overflow || bytes > 3 * pieceBytes else {
            return resize(image.paddedToSquare(colour: colour), width: side, height: side, filter: filter)
        }
        return StripResampling(
            image, on: colour, width: side, height: side, columns: 0..<side, rows: 0..<side, filter: filter,
            pieceBytes: pieceBytes
        ).result()
    }

    /// Rows of the picture after the first pass, with as many columns at once as the weights' bound allows.
    static func firstPass(
        _ image: RGBImage, width: Int, columns: Range<Int>, rows: Range<Int>, filter: ResampleFilter, pieceBytes: Int
    ) -> RGBImage {
        guard image.width != width else {
            return image.cropped(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
        }
        let step = max(1, pieceBytes / (4 * ResampleWeights.taps(from: image.width, to: width, filter: filter)))
        return RGBImage(width: columns.count, height: rows.count) { target in
            for first in stride(from: columns.lowerBound, to: columns.upperBound, by: step) {
                let part = first..<min(first + step, columns.upperBound)
                let weights = ResampleWeights(from: image.width, to: width, range: part, filter: filter)
                image.withUnsafePixels { source in
                    // A picture has at least one pixel, so its address exists.
                    guard let from = source.baseAddress, let to = target.baseAddress else { return }
                    ic_resample_horizontal(
                        from + 3 * image.width * rows.lowerBound, 3 * image.width,
                        to + 3 * (first - columns.lowerBound), 3 * columns.count, rows.count, part.count,
                        weights.starts, weights.taps, weights.coefficients, weights.stride)
                }
            }
        }
    }

    private static func vertical(_ image: RGBImage, _ weights: ResampleWeights, firstRow: Int) -> RGBImage {
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
