/// What each output of a resize along one axis is made of: pixels of the picture, and a share of the ground it lies on.
///
/// Weights have 22 fraction bits, as Pillow's.
struct ResampleWeights {
    /// The first pixel of the picture that an output takes.
    private(set) var starts: [Int32] = []
    /// How many it takes; 0 where it lies beside the picture.
    private(set) var taps: [Int32] = []
    /// `stride` for each output: an even number, zeros behind the last tap.
    private(set) var coefficients: [Int32]
    let stride: Int
    /// What weighs the ground.
    private(set) var outside: [Int32] = []

    static let one = Int32(1 << 22)

    /// - Parameters:
    ///   - axis: the resize.
    ///   - places: which outputs.
    /// - Complexity: O(places·taps) in time and memory, taps = 2·support·max(shrinkage, 1).
    init(_ axis: ResampleAxis, places: Range<Int>) {
        stride = axis.stride
        coefficients = [Int32](repeating: 0, count: places.count * stride)
        var row = [Double](repeating: 0, count: axis.longest)
        for place in places {
            let reach = axis.reach(place)
            var sum = 0.0
            let centre = axis.centre(place)
            for tap in reach {
                let weight = axis.isIdentity ? 1 : axis.filter.weight((Double(tap) - centre + 0.5) * axis.inverse)
                row[tap - reach.lowerBound] = weight
                sum += weight
            }
            let inside = reach.clamped(to: axis.inside)
            var beside = Int32(0)
            let base = (place - places.lowerBound) * stride - inside.lowerBound
            for tap in reach {
                let weight = row[tap - reach.lowerBound]
                let scaled = (sum == 0 ? weight : weight / sum) * Double(Self.one)
                let rounded = Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
                if inside.contains(tap) { coefficients[base + tap] = rounded } else { beside &+= rounded }
            }
            starts.append(Int32(inside.lowerBound - axis.inside.lowerBound))
            taps.append(Int32(inside.count))
            outside.append(beside)
        }
    }

    /// All weights of an output together; 1 but for rounding.
    func total(_ place: Int) -> Int32 {
        coefficients[(place * stride)..<((place + 1) * stride)].reduce(outside[place], &+)
    }

    /// The pixels of the picture that the outputs take together.
    var sourceRange: Range<Int> {
        guard let first = starts.first, let last = starts.last, let count = taps.last else { return 0..<0 }
        return Int(first)..<Int(last + count)
    }
}

/// A resize along one axis: of a ground on which a picture lies.
struct ResampleAxis {
    let size: Int
    let newSize: Int
    /// Where the picture lies on the ground.
    let inside: Range<Int>
    let filter: ResamplingFilter
    let scale: Double
    let inverse: Double
    let support: Double

    init(from size: Int, to newSize: Int, inside: Range<Int>, filter: ResamplingFilter) {
        self.size = size
        self.newSize = newSize
        self.inside = inside
        self.filter = filter
        scale = Double(size) / Double(newSize)
        let widening = max(scale, 1)
        support = filter.support * widening
        inverse = 1 / widening
    }

    /// Pillow leaves such an axis out.
    var isIdentity: Bool { size == newSize }

    /// The most pixels that an output takes.
    var longest: Int { Int(support.rounded(.up)) * 2 + 1 }

    var stride: Int { isIdentity ? 2 : (min(longest, inside.count) + 1) / 2 * 2 }

    func centre(_ place: Int) -> Double { (Double(place) + 0.5) * scale }

    /// The pixels of the ground that an output takes.
    func reach(_ place: Int) -> Range<Int> {
        if isIdentity { return place..<(place + 1) }
        let centre = centre(place)
        let first = max(Int(centre - support + 0.5), 0)
        return first..<max(first, min(Int(centre + support + 0.5), size))
    }

    /// The pixels of the picture that an output takes, counted from the picture's first.
    func source(_ place: Int) -> Range<Int> {
        let range = reach(place).clamped(to: inside)
        return (range.lowerBound - inside.lowerBound)..<(range.upperBound - inside.lowerBound)
    }

    /// Those of several outputs.
    func source(_ places: Range<Int>) -> Range<Int> {
        guard let last = places.last else { return 0..<0 }
        return source(places.lowerBound).lowerBound..<source(last).upperBound
    }

    /// The outputs that take a pixel of the picture; O(log places).
    func touched(_ places: Range<Int>) -> Range<Int> {
        // Reaches move on with the outputs.
        func first(_ holds: (Int) -> Bool) -> Int {
            var (low, high) = (places.lowerBound, places.upperBound)
            while low < high {
                let middle = low + (high - low) / 2
                if holds(middle) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        let begin = first { reach($0).upperBound > inside.lowerBound }
        let end = first { reach($0).lowerBound >= inside.upperBound }
        return begin..<max(begin, end)
    }
}
