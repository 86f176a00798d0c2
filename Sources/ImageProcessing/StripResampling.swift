internal import CImageCodecs

/// The same resize for pictures that are very long one way: strips of source rows go through the first pass and are added
/// to the sums of the rows they belong to. Integer sums do not depend on their order, so not a bit differs.
///
/// Takes the picture, 12 bytes a pixel of the result and about half of `pieceBytes`.
struct StripResampling {
    private let image: RGBImage
    private let (width, height): (Int, Int)
    private let (columns, rows): (Range<Int>, Range<Int>)
    private let filter: ResampleFilter
    private let pieceBytes: Int
    /// Source rows, the ground's included, and where the picture's begin.
    private let sourceHeight: Int
    private let top: Int
    private let across: GroundWeights?
    /// A row of the ground after the first pass; empty where no row is the ground's alone.
    private let groundRow: [UInt8]

    /// - Parameter colour: of a square ground in whose middle the picture lies; nil for none.
    init(
        _ image: RGBImage, on colour: (UInt8, UInt8, UInt8)?, width: Int, height: Int, columns: Range<Int>,
        rows: Range<Int>, filter: ResampleFilter, pieceBytes: Int
    ) {
        self.image = image
        (self.width, self.height) = (width, height)
        (self.columns, self.rows) = (columns, rows)
        self.filter = filter
        self.pieceBytes = pieceBytes
        let side = max(image.width, image.height)
        sourceHeight = colour == nil ? image.height : side
        top = (sourceHeight - image.height) / 2
        across = colour.flatMap { colour in
            image.width == side
                ? nil
                : GroundWeights(
                    image.width, at: (side - image.width) / 2, of: side, to: width, range: columns, colour: colour,
                    filter: filter)
        }
        groundRow =
            colour.map { colour in
                image.height == side
                    ? [] : Self.groundRow(colour, side: side, width: width, columns: columns, filter: filter)
            } ?? []
    }

    private static func groundRow(
        _ colour: (UInt8, UInt8, UInt8), side: Int, width: Int, columns: Range<Int>, filter: ResampleFilter
    ) -> [UInt8] {
        columns.flatMap { column in
            let weights = ResampleWeights(from: side, to: width, range: column..<(column + 1), filter: filter)
            let total = weights.coefficients.reduce(0) { $0 + Int($1) }
            return [colour.0, colour.1, colour.2].map { UInt8(clamping: (total * Int($0) + (1 << 21)) >> 22) }
        }
    }

    func result() -> RGBImage {
        let bytes = 3 * columns.count
        let stripRows = max(1, pieceBytes / 4 / bytes)
        var sums = [Int32](repeating: 1 << 21, count: rows.count * bytes)
        // Rows of the result, in order: those that are open, and the first that is not yet.
        var open: [(row: Int, weights: ResampleWeights)] = []
        var next = rows.lowerBound
        for start in stride(from: 0, to: image.height, by: stripRows) {
            let end = min(start + stripRows, image.height)
            while next < rows.upperBound {
                let weights = ResampleWeights(from: sourceHeight, to: height, range: next..<(next + 1), filter: filter)
                guard weights.sourceRange.lowerBound - top < end else { break }
                addGround(weights, to: &sums, at: (next - rows.lowerBound) * bytes)
                open.append((next, weights))
                next += 1
            }
            open.removeAll { $0.weights.sourceRange.upperBound - top <= start }
            guard !open.isEmpty else { continue }
            let strip = firstPass(rows: start..<end)
            for (row, weights) in open {
                let needed = weights.sourceRange
                let part = (needed.lowerBound - top..<needed.upperBound - top).clamped(to: start..<end)
                guard !part.isEmpty else { continue }
                add(
                    strip, from: part.lowerBound - start, count: part.count, weights,
                    tap: part.lowerBound + top - needed.lowerBound, to: &sums, at: (row - rows.lowerBound) * bytes)
            }
        }
        // Rows of the ground alone, behind the picture.
        while next < rows.upperBound {
            let weights = ResampleWeights(from: sourceHeight, to: height, range: next..<(next + 1), filter: filter)
            addGround(weights, to: &sums, at: (next - rows.lowerBound) * bytes)
            next += 1
        }
        return RGBImage(width: columns.count, height: rows.count) {
            ic_resample_store(sums, $0.baseAddress, sums.count)
        }
    }

    private func firstPass(rows: Range<Int>) -> RGBImage {
        guard let across else {
            return Resampling.firstPass(
                image, width: width, columns: columns, rows: rows, filter: filter, pieceBytes: pieceBytes)
        }
        return across.firstPass(image, rows: rows)
    }

    private func add(
        _ strip: RGBImage, from row: Int, count: Int, _ weights: ResampleWeights, tap: Int, to sums: inout [Int32],
        at place: Int
    ) {
        strip.withUnsafePixels { pixels in
            weights.coefficients.withUnsafeBufferPointer { table in
                sums.withUnsafeMutableBufferPointer { sums in
                    // All exist: there is a row, a weight and a sum.
                    guard let from = pixels.baseAddress, let table = table.baseAddress, let to = sums.baseAddress else {
                        return
                    }
                    let bytes = 3 * strip.width
                    ic_resample_add(from + bytes * row, bytes, to + place, bytes, count, table + tap)
                }
            }
        }
    }

    /// What the ground's rows above and below the picture add.
    private func addGround(_ weights: ResampleWeights, to sums: inout [Int32], at place: Int) {
        guard !groundRow.isEmpty else { return }
        var total: Int32 = 0
        for (tap, row) in weights.sourceRange.enumerated() where !(top..<(top + image.height)).contains(row) {
            total += weights.coefficients[tap]
        }
        for byte in groundRow.indices { sums[place + byte] += total * Int32(groundRow[byte]) }
    }
}

/// Weights across for a picture between columns of one colour, kept for the picture's own columns alone.
private struct GroundWeights {
    private var starts: [Int32] = []
    private var taps: [Int32] = []
    private var places: [Int64] = []
    private var coefficients: [Int32] = []
    private var ground: [Int32] = []

    init(
        _ count: Int, at left: Int, of size: Int, to newSize: Int, range: Range<Int>, colour: (UInt8, UInt8, UInt8),
        filter: ResampleFilter
    ) {
        for place in range {
            let weights = ResampleWeights(from: size, to: newSize, range: place..<(place + 1), filter: filter)
            let needed = weights.sourceRange
            let part = needed.clamped(to: left..<(left + count))
            let first = part.isEmpty ? 0 : part.lowerBound - needed.lowerBound
            let own = weights.coefficients[first..<(first + part.count)]
            let rest = weights.coefficients.prefix(needed.count).reduce(0, +) - own.reduce(0, +)
            starts.append(Int32(part.isEmpty ? 0 : part.lowerBound - left))
            taps.append(Int32(part.count))
            places.append(Int64(coefficients.count))
            coefficients += own
            ground += [rest * Int32(colour.0), rest * Int32(colour.1), rest * Int32(colour.2)]
        }
    }

    func firstPass(_ image: RGBImage, rows: Range<Int>) -> RGBImage {
        image.withUnsafePixels { source in
            RGBImage(width: starts.count, height: rows.count) { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                for (row, sourceRow) in rows.enumerated() {
                    ic_resample_horizontal_on_ground(
                        from + 3 * image.width * sourceRow, to + 3 * starts.count * row, starts.count, starts, taps,
                        places, coefficients, ground)
                }
            }
        }
    }
}
