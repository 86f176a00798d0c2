internal import CImageCodecs
import HiRED

/// A resize, bit for bit as Pillow 11 does it (libImaging/Resample.c): the filter widened when shrinking, first all rows
/// across, then all columns down, 8 bits in between, weights in 22-bit fixed point.
///
/// The rows that have gone across are kept together only where they are few; else each is added to the sums it belongs to
/// and dropped. Weights are made piece by piece likewise. So beside picture and result a resize takes some 100 MB at most,
/// whatever the picture's shape.
struct Resize {
    private let source: PlacedImage
    private let across: ResampleAxis
    private let down: ResampleAxis

    init(_ source: PlacedImage, to size: PixelSize, filter: ResamplingFilter) {
        self.source = source
        (across, down) = source.place.axes(to: size, filter: filter)
    }

    /// A whole picture resized.
    static func resize(_ image: RGBImage, width: Int, height: Int, filter: ResamplingFilter) -> RGBImage {
        Resize(PlacedImage(image), to: PixelSize(width: width, height: height), filter: filter)
            .part(columns: 0..<width, rows: 0..<height)
    }

    /// Bytes that each kind of intermediate value may take where that is possible.
    static let standardByteLimit = 32 << 20

    /// A part of the resized picture, without making the whole.
    ///
    /// - Parameter byteLimit: of rows between the passes, and of weights; tests set it low.
    /// - Complexity: O(source rows·columns·taps + rows·columns·taps), taps = 2·support·max(shrinkage, 1).
    func part(columns: Range<Int>, rows: Range<Int>, byteLimit: Int = Resize.standardByteLimit) -> RGBImage {
        if across.filter == .nearest { return nearest(columns: columns, rows: rows) }
        let image = source.image
        if across.isIdentity, down.isIdentity, source.place.coversGround {
            return image.cropped(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
        }
        if source.place.hasEqualColumns, columns.count > 1 {
            let first = columns.lowerBound..<(columns.lowerBound + 1)
            return part(columns: first, rows: rows, byteLimit: byteLimit).repeatingColumn(columns.count)
        }
        let needed = down.source(rows)
        let isSmall =
            needed.count * columns.count * 3 <= byteLimit && rows.count * down.stride * 4 <= byteLimit
            && columns.count * across.stride * 4 <= byteLimit
        return image.withUnsafePixels { pixels in
            RGBImage(width: columns.count, height: rows.count) { target in
                // Both exist: a picture has at least one pixel.
                guard let from = pixels.baseAddress, let to = target.baseAddress else { return }
                if isSmall, source.place.coversGround {
                    whole(from, needed, columns, rows, to)
                    return
                }
                let chunk = max(1, byteLimit / (across.stride * 4))
                for first in stride(from: columns.lowerBound, to: columns.upperBound, by: chunk) {
                    let places = first..<min(first + chunk, columns.upperBound)
                    strips(
                        from, places, rows, to + 3 * (first - columns.lowerBound), rowBytes: 3 * columns.count,
                        byteLimit: byteLimit)
                }
            }
        }
    }

    /// Both passes one after the other.
    private func whole(
        _ from: UnsafePointer<UInt8>, _ needed: Range<Int>, _ columns: Range<Int>, _ rows: Range<Int>,
        _ to: UnsafeMutablePointer<UInt8>
    ) {
        let (sourceBytes, rowBytes) = (3 * source.image.width, 3 * columns.count)
        let weights = ResampleWeights(down, places: rows)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: needed.count * rowBytes) { rowsBetween in
            guard let between = rowsBetween.baseAddress else { return }
            let table = ResampleWeights(across, places: columns)
            ic_resample_horizontal(
                from + sourceBytes * needed.lowerBound, sourceBytes, between, rowBytes, needed.count, columns.count,
                table.starts, table.taps, table.coefficients, table.stride, nil)
            weights.coefficients.withUnsafeBufferPointer { coefficients in
                guard let table = coefficients.baseAddress else { return }
                for row in rows {
                    let place = row - rows.lowerBound
                    ic_resample_vertical(
                        between + (Int(weights.starts[place]) - needed.lowerBound) * rowBytes, rowBytes,
                        to + place * rowBytes, rowBytes, Int(weights.taps[place]), table + place * weights.stride)
                }
            }
        }
    }

    /// An output row on its way.
    private struct OpenRow {
        let place: Int
        let source: Range<Int>
        let coefficients: [Int32]
        var sums: [Int32]
    }

    /// Source rows go across in strips, and each strip is added to the output rows that take it. The order of the sums
    /// does not matter: they are whole numbers.
    private func strips(
        _ from: UnsafePointer<UInt8>, _ columns: Range<Int>, _ rows: Range<Int>, _ to: UnsafeMutablePointer<UInt8>,
        rowBytes: Int, byteLimit: Int
    ) {
        let all = ResampleWeights(across, places: columns)
        // What a row of bare ground becomes.
        let ground = columns.flatMap { column in
            source.colour.map { Self.clip(all.total(column - columns.lowerBound) &* Int32($0)) }
        }
        let touched = across.touched(columns)
        let offset = touched.lowerBound - columns.lowerBound
        let table = touched == columns ? all : ResampleWeights(across, places: touched)
        let bias = table.outside.flatMap { share in source.colour.map { share &* Int32($0) } }
        let stripBytes = 3 * touched.count
        // A strip stays in the cache; the pass across takes three rows at a time.
        let stripRows = max(3, min(byteLimit, 1 << 20) / max(stripBytes, 1) / 3 * 3)
        let needed = down.source(rows)
        var strip = [UInt8](repeating: 0, count: min(stripRows, needed.count) * stripBytes + RGBImage.tail)
        var open: [OpenRow] = []
        var next = rows.lowerBound

        func close(_ row: OpenRow) {
            ic_resample_finish(row.sums, to + (row.place - rows.lowerBound) * rowBytes, 3 * columns.count)
        }
        func openRow(_ place: Int) -> OpenRow {
            let weights = ResampleWeights(down, places: place..<(place + 1))
            let (outside, total) = (weights.outside[0], weights.total(0))
            // The ground's share is known at once; all of it where no column of the picture reaches.
            var sums = ground.map { total &* Int32($0) }
            for value in (3 * offset)..<(3 * offset + stripBytes) { sums[value] = outside &* Int32(ground[value]) }
            return OpenRow(
                place: place, source: down.source(place), coefficients: weights.coefficients, sums: sums)
        }
        // Rows of bare ground above the picture, or all of them where none of the picture is seen.
        while next < rows.upperBound, down.source(next).isEmpty || touched.isEmpty {
            close(openRow(next))
            next += 1
        }
        for first in stride(from: needed.lowerBound, to: needed.upperBound, by: stripRows) {
            guard next < rows.upperBound || !open.isEmpty else { break }
            let range = first..<min(first + stripRows, needed.upperBound)
            ic_resample_horizontal(
                from + 3 * source.image.width * first, 3 * source.image.width, &strip, stripBytes, range.count,
                touched.count, table.starts, table.taps, table.coefficients, table.stride, bias)
            while next < rows.upperBound, down.source(next).lowerBound < range.upperBound, !down.source(next).isEmpty {
                open.append(openRow(next))
                next += 1
                // Rows that the strip holds whole are done at once, so that few are open together.
                add(strip, range, stripBytes, offset, to: &open[open.count - 1])
                if open[open.count - 1].source.upperBound <= range.upperBound { close(open.removeLast()) }
            }
            for index in open.indices where open[index].source.lowerBound < first {
                add(strip, range, stripBytes, offset, to: &open[index])
            }
            open.removeAll { row in
                guard row.source.upperBound <= range.upperBound else { return false }
                close(row)
                return true
            }
        }
        while next < rows.upperBound {
            close(openRow(next))
            next += 1
        }
    }

    private func add(_ strip: [UInt8], _ range: Range<Int>, _ stripBytes: Int, _ offset: Int, to row: inout OpenRow) {
        let common = row.source.clamped(to: range)
        guard !common.isEmpty else { return }
        strip.withUnsafeBufferPointer { strip in
            row.coefficients.withUnsafeBufferPointer { coefficients in
                row.sums.withUnsafeMutableBufferPointer { sums in
                    guard let rows = strip.baseAddress, let weights = coefficients.baseAddress,
                        let target = sums.baseAddress
                    else { return }
                    ic_resample_add(
                        rows + (common.lowerBound - range.lowerBound) * stripBytes, stripBytes, target + 3 * offset,
                        stripBytes, common.count, weights + (common.lowerBound - row.source.lowerBound))
                }
            }
        }
    }

    private static func clip(_ sum: Int32) -> UInt8 { UInt8(max(0, min(255, (sum &+ (1 << 21)) >> 22))) }
}

extension Resize {
    /// Pillow's way to the nearest pixel (libImaging/Geometry.c, `ImagingScaleAffine`): steps are added up in doubles, and
    /// what they carry beyond the picture is black.
    private func nearest(columns: Range<Int>, rows: Range<Int>) -> RGBImage {
        func places(_ axis: ResampleAxis, _ range: Range<Int>) -> [Int] {
            var place = axis.scale * 0.5
            var found: [Int] = []
            for output in 0..<range.upperBound {
                if output >= range.lowerBound { found.append(Int(place)) }
                place += axis.scale
            }
            return found
        }
        let (xs, ys) = (places(across, columns), places(down, rows))
        return source.image.withUnsafePixels { pixels in
            RGBImage(width: columns.count, height: rows.count) { target in
                for (row, y) in ys.enumerated() where y < source.place.height {
                    for (column, x) in xs.enumerated() where x < source.place.width {
                        let to = 3 * (row * columns.count + column)
                        let from = 3 * ((y - source.place.y) * source.image.width + x - source.place.x)
                        let isInside = across.inside.contains(x) && down.inside.contains(y)
                        for channel in 0..<3 {
                            target[to + channel] = isInside ? pixels[from + channel] : source.colour[channel]
                        }
                    }
                }
            }
        }
    }
}
