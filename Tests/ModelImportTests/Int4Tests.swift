import CQuantization
import Foundation
import Testing

@Suite struct Int4Tests {
    /// The squared error of a group at a scale, each value at its nearest level.
    private func error(_ row: [Float], at scale: Float) -> Double {
        guard scale != 0 else { return squaredError(row, row.map { _ in 0 }) }
        return squaredError(row, row.map { min(max(($0 / scale).rounded(.toNearestOrEven), -8), 7) * scale })
    }

    /// The least error of 4,000 scales of either sign, spread over all that could be best: the largest value at the
    /// levels 3.5 to 40.
    private func leastError(_ row: [Float]) -> Double {
        let extreme = row.map(abs).max() ?? 0
        guard extreme > 0 else { return 0 }
        var least = error(row, at: 0)
        for step in 0..<2000 {
            let level = 3.5 * Float(40 / 3.5).power(Float(step) / 1999)
            for scale in [extreme / level, -extreme / level] {
                least = min(least, error(row, at: Quantizer.rounded(scale)))
            }
        }
        return least
    }

    @Test(arguments: [32, 64, 128], WeightSample.allCases)
    func scalesAreNearlyTheBest(_ group: Int, _ sample: WeightSample) {
        var generator = SeededGenerator(state: UInt64(group))
        // A handful of values can be met exactly by a scale that no search over a dozen finds.
        let (eachLimit, allLimit) = sample == .sparse ? (2.5, 1.5) : (1.3, 1.05)
        var (found, best) = (0.0, 0.0)
        for scale in [0.002, 0.02, 1, 100] as [Float] {
            for _ in 0..<6 {
                let row = sample.row(group, scale: scale, &generator)
                let result = Quantizer.int4(row, columns: group, group: group)
                #expect(result.fits)
                let mine = squaredError(row, result.values)
                let least = leastError(row)
                let power = squaredError(row, row.map { _ in 0 })
                #expect(mine <= eachLimit * least + 1e-6 * power, "\(mine) of \(least)")
                // Errors of rows as a share of their power, so that large weights do not hide small ones.
                found += power > 0 ? mine / power : 0
                best += power > 0 ? least / power : 0
                // Scaling by the largest magnitude, to 7 or, with the sign that reaches further, to -8.
                let extreme = row.max { abs($0) < abs($1) } ?? 0
                for scale in [abs(extreme) / 7, extreme / -8] {
                    let plain = error(row, at: Quantizer.rounded(scale))
                    #expect(mine <= plain * (1 + 1e-3) + 1e-6 * power, "\(mine) of \(plain)")
                }
            }
        }
        #expect(found <= allLimit * best + 1e-6, "\(found) of \(best)")
    }

    /// Each value at the level nearest to it under the scale that was written.
    @Test(arguments: [32, 64, 128])
    func levelsAreNearestUnderTheScaleWritten(_ group: Int) {
        var generator = SeededGenerator(state: 5)
        let row = (0..<8).flatMap { _ in WeightSample.heavyTails.row(group, scale: 0.3, &generator) }
        let result = Quantizer.int4(row, columns: 2 * group, group: group)
        let wrong = row.indices.first { index in
            let exact = row[index] / result.scales[index / group]
            return abs(Float(result.levels[index]) - min(max(exact, -8), 7)) > 0.5 + 1e-4
        }
        #expect(wrong == nil)
    }

    /// Levels that a scale of either sign gives exactly come back exactly, in their order.
    @Test(arguments: [32, 64, 128], [0.5, -0.5, 0.0625, -4] as [Float])
    func exactLevelsComeBackInOrder(_ group: Int, _ scale: Float) {
        var generator = SeededGenerator(state: 6)
        let columns = 3 * group
        let levels = (0..<2 * columns).map { index in
            // Both ends in every group fix the scale.
            index % group == 0 ? -8 : index % group == 1 ? 7 : Int.random(in: -8...7, using: &generator)
        }
        let result = Quantizer.int4(levels.map { Float($0) * scale }, columns: columns, group: group)
        #expect(result.scales.allSatisfy { $0 == scale })
        #expect(result.levels == levels)
    }

    @Test func theFirstOfTwoValuesIsInTheLowHalf() {
        var row = [Float](repeating: 0, count: 32)
        (row[0], row[1], row[2], row[3]) = (-8, 7, 1, -2)
        var packed = [UInt8](repeating: 0, count: 16)
        var scale: UInt16 = 0
        #expect(cq_int4(row, 1, 32, 32, &packed, &scale))
        #expect(scale == 0x3C00)
        #expect(packed[0] == 0x78)
        #expect(packed[1] == 0xE1)
        #expect(packed[2...].allSatisfy { $0 == 0 })
    }

    @Test(arguments: [32, 64, 128])
    func zeroAndTinyGroupsBecomeZero(_ group: Int) {
        for value in [0, -0.0, 1e-12, -1e-30, .leastNonzeroMagnitude] as [Float] {
            let result = Quantizer.int4([Float](repeating: value, count: 2 * group), columns: group, group: group)
            #expect(result.fits)
            #expect(result.values.allSatisfy { $0 == 0 }, "\(value)")
            #expect(result.scales.allSatisfy { $0.isFinite })
        }
    }

    /// Where scales are subnormal halves, an error of one step of theirs times the level is all that may come.
    @Test func smallGroupsKeepWhatHalvesAllow() {
        var generator = SeededGenerator(state: 7)
        for exponent in -22 ... -12 {
            let row = WeightSample.normal.row(
                64, scale: Float(sign: .plus, exponent: exponent, significand: 1), &generator)
            let result = Quantizer.int4(row, columns: 64, group: 64)
            #expect(result.fits)
            #expect(result.values.allSatisfy { $0.isFinite })
            #expect(squaredError(row, result.values) <= squaredError(row, row.map { _ in 0 }), "2^\(exponent)")
        }
    }

    @Test func hugeGroupsDoNotFit() {
        var row = [Float](repeating: 1, count: 64)
        row[5] = 400_000
        #expect(Quantizer.int4(row, columns: 64, group: 64).fits)
        for value in [2e6, -2e6, 1e20, -3e38] as [Float] {
            row[5] = value
            #expect(!Quantizer.int4(row, columns: 64, group: 64).fits, "\(value)")
        }
    }

    @Test func otherGroupsAreRefused() {
        #expect(!Quantizer.int4([Float](repeating: 1, count: 48), columns: 48, group: 16).fits)
    }

    @Test func groupsDoNotTouchEachOther() {
        var generator = SeededGenerator(state: 8)
        let groups = (0..<6).map { WeightSample.normal.row(32, scale: Float($0 + 1), &generator) }
        let together = Quantizer.int4(groups.flatMap { $0 }, columns: 96, group: 32)
        let apart = groups.map { Quantizer.int4($0, columns: 32, group: 32) }
        #expect(together.levels == apart.flatMap(\.levels))
        #expect(together.scales == apart.flatMap(\.scales))
    }
}

extension Float {
    fileprivate func power(_ exponent: Float) -> Float { Foundation.pow(self, exponent) }
}
