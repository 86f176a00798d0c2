import Testing

@Suite struct Int8Tests {
    /// Scale: the largest magnitude over 127, in half precision. Level: the value over that scale, to nearest.
    @Test(arguments: WeightSample.allCases, [1e-3, 1, 300] as [Float])
    func rowsAreScaledByTheirLargest(_ sample: WeightSample, _ scale: Float) throws {
        var generator = SeededGenerator(state: 2)
        let columns = 203
        let rows = (0..<9).map { _ in sample.row(columns, scale: scale, &generator) }
        let result = Quantizer.int8(rows.flatMap { $0 }, columns: columns)
        #expect(result.fits)
        for (index, row) in rows.enumerated() {
            let largest = row.map(abs).max() ?? 0
            #expect(result.scales[index] == Quantizer.rounded(largest / 127))
            let levels = result.levels[index * columns..<(index + 1) * columns]
            let wrong = zip(levels, row).first { level, value in
                let exact = Double(value) / Double(result.scales[index])
                // Halfway, the rounding of a reciprocal may decide.
                return abs(Double(level) - min(max(exact, -127), 127)) > 0.5 + 1e-4
            }
            #expect(wrong == nil)
            #expect(levels.map(abs).max() ?? 0 >= 126)
        }
    }

    @Test func zeroRowsStayZero() {
        let result = Quantizer.int8([Float](repeating: 0, count: 64) + [Float](repeating: -0.0, count: 64), columns: 64)
        #expect(result.fits)
        #expect(result.scales == [0, 0])
        #expect(result.levels.allSatisfy { $0 == 0 })
    }

    /// Too small for any scale: zero, no division by it.
    @Test(arguments: [1e-9, 1e-30, Float.leastNonzeroMagnitude])
    func tinyRowsBecomeZero(_ value: Float) {
        let result = Quantizer.int8([Float](repeating: value, count: 70), columns: 35)
        #expect(result.fits)
        #expect(result.values.allSatisfy { $0 == 0 })
    }

    @Test func hugeRowsDoNotFit() {
        let limit: Float = 127 * 65_504
        #expect(Quantizer.int8([1, limit], columns: 2).fits)
        #expect(!Quantizer.int8([1, limit * 1.001], columns: 2).fits)
        // One bad row among good ones.
        #expect(!Quantizer.int8([1, 1, -1e30, 1, 1, 1], columns: 2).fits)
    }

    @Test func rowsDoNotTouchEachOther() {
        var generator = SeededGenerator(state: 3)
        let rows = (0..<5).map { WeightSample.normal.row(61, scale: Float($0 + 1), &generator) }
        let together = Quantizer.int8(rows.flatMap { $0 }, columns: 61)
        let apart = rows.map { Quantizer.int8($0, columns: 61) }
        #expect(together.levels == apart.flatMap(\.levels))
        #expect(together.scales == apart.flatMap(\.scales))
    }
}
