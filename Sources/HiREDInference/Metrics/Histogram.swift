/// How often values fell into ranges, in the form that Prometheus reads.
public struct Histogram: Sendable, Hashable {
    /// Upper bounds of all ranges but the last, which has none; ascending.
    public let bounds: [Double]
    /// Values in each range, one more than bounds. Not cumulative.
    public private(set) var counts: [Int]
    public private(set) var sum = 0.0

    public init(bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    public var count: Int { counts.reduce(0, +) }

    /// O(log bounds). A value on a bound belongs to the range that ends there; NaN is left out.
    mutating func record(_ value: Double) {
        guard !value.isNaN else { return }
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if value <= bounds[middle] { high = middle } else { low = middle + 1 }
        }
        counts[low] += 1
        sum += value
    }

    /// Bounds at 1, 2 and 5 times each power of ten.
    static func decades(_ exponents: ClosedRange<Int>) -> Histogram {
        var bounds: [Double] = []
        for exponent in exponents {
            for digit in [1.0, 2, 5] {
                // Divided, so that 0.002 is the double of that name.
                bounds.append(exponent < 0 ? digit / Self.power(-exponent) : digit * Self.power(exponent))
            }
        }
        return Histogram(bounds: bounds)
    }

    private static func power(_ exponent: Int) -> Double { (0..<exponent).reduce(1.0) { power, _ in power * 10 } }
}
