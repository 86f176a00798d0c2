/// A measured quantity: the median and how far runs lie from it.
package struct Spread: Codable, Sendable, Equatable {
    package var median: Double
    package var least: Double
    package var most: Double

    package init(_ values: [Double]) {
        let sorted = values.sorted()
        median = Self.percentile(50, ofSorted: sorted)
        (least, most) = (sorted.first ?? 0, sorted.last ?? 0)
    }

    /// Between the two nearest values, as NumPy's linear percentile; 0 for none.
    package static func percentile(_ percent: Double, of values: [Double]) -> Double {
        percentile(percent, ofSorted: values.sorted())
    }

    private static func percentile(_ percent: Double, ofSorted sorted: [Double]) -> Double {
        guard let last = sorted.indices.last else { return 0 }
        let place = min(max(percent, 0), 100) / 100 * Double(last)
        let low = Int(place)
        let high = min(low + 1, last)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
}
