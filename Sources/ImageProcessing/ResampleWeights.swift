/// Which source pixels the pixels of a range along one axis are made of, and their weights in 22-bit fixed point.
struct ResampleWeights {
    let starts: [Int32]
    let taps: [Int32]
    /// `stride` for each output; an even number, zeros behind the last tap.
    let coefficients: [Int32]
    let stride: Int

    /// Source pixels that the range reads.
    var sourceRange: Range<Int> {
        guard let first = starts.first, let last = starts.last, let count = taps.last else { return 0..<0 }
        return Int(first)..<Int(last + count)
    }

    /// Coefficients that one output takes at most.
    static func taps(from size: Int, to newSize: Int, filter: ResampleFilter) -> Int {
        let support = filter.support * max(Double(size) / Double(newSize), 1)
        return Int(support.rounded(.up)) * 2 + 1
    }

    /// - Parameters:
    ///   - size: pixels of the source along the axis.
    ///   - newSize: pixels of the whole result.
    ///   - range: the part of the result that is asked for.
    /// - Complexity: O(range·taps).
    init(from size: Int, to newSize: Int, range: Range<Int>, filter: ResampleFilter) {
        let scale = Double(size) / Double(newSize)
        let widening = max(scale, 1)
        let support = filter.support * widening
        let inverse = 1 / widening
        let longest = Self.taps(from: size, to: newSize, filter: filter)
        let stride = (longest + 1) / 2 * 2
        var starts: [Int32] = []
        var taps: [Int32] = []
        var coefficients = [Int32](repeating: 0, count: range.count * stride)
        var row = [Double](repeating: 0, count: longest)
        for place in range {
            let centre = (Double(place) + 0.5) * scale
            let first = max(Int(centre - support + 0.5), 0)
            let count = min(Int(centre + support + 0.5), size) - first
            var sum = 0.0
            for tap in 0..<count {
                row[tap] = filter.weight(at: (Double(tap + first) - centre + 0.5) * inverse)
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
        (self.starts, self.taps, self.coefficients, self.stride) = (starts, taps, coefficients, stride)
    }
}
