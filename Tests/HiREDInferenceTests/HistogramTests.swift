import Testing

@testable import HiREDInference

@Suite struct HistogramTests {
    @Test func valuesFallWhereTheyBelong() {
        var histogram = Histogram(bounds: [1, 2, 5])
        for value in [0, 1, 1.5, 2, 3, 5, 5.1, 1e9, -4] { histogram.record(value) }
        histogram.record(.nan)
        #expect(histogram.counts == [3, 2, 2, 2])
        #expect(histogram.count == 9)
        #expect(histogram.sum == 0 + 1 + 1.5 + 2 + 3 + 5 + 5.1 + 1e9 - 4)
    }

    @Test func decadesAreDecimals() {
        #expect(Histogram.decades(-2...0).bounds == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5])
        #expect(Histogram.decades(0...1).bounds == [1, 2, 5, 10, 20, 50])
    }
}
