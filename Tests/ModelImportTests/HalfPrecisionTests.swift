import CQuantization
import Testing

/// Conversions against IEEE 754's definitions, over every half there is.
@Suite struct HalfPrecisionTests {
    private static let halves = (0...UInt16.max).map { $0 }
    private static func isFinite(_ half: UInt16) -> Bool { half & 0x7C00 != 0x7C00 }

    /// A half's value by its definition.
    private func value(_ half: UInt16) -> Float {
        let (exponent, fraction) = (Int(half >> 10 & 31), Float(half & 1023))
        let magnitude =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? Float.infinity : .nan
            default: Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
            }
        return half & 0x8000 == 0 ? magnitude : -magnitude
    }

    private func widen<Source: BitwiseCopyable>(_ source: [Source], _ type: Int) -> (values: [Float], isFinite: Bool) {
        var values = [Float](repeating: .nan, count: source.count)
        let isFinite = cq_widen(source, Int32(type), source.count, &values)
        return (values, isFinite)
    }

    private func narrow(_ source: [Float]) -> (values: [UInt16], fits: Bool) {
        var values = [UInt16](repeating: 0x7E00, count: source.count)
        let fits = cq_narrow(source, source.count, &values)
        return (values, fits)
    }

    /// Finite values bit by bit, so that zeros keep their sign.
    private func firstDifference(_ found: [Float], _ expected: [Float]) -> Int? {
        found.indices.first { index in
            expected[index].isNaN ? !found[index].isNaN : found[index].bitPattern != expected[index].bitPattern
        }
    }

    @Test func everyHalfWidens() {
        let (values, isFinite) = widen(Self.halves, CQ_F16)
        #expect(firstDifference(values, Self.halves.map(value)) == nil)
        #expect(!isFinite)
        #expect(widen(Self.halves.filter(Self.isFinite), CQ_F16).isFinite)
    }

    @Test func everyBFloatWidens() {
        let (values, isFinite) = widen(Self.halves, CQ_BF16)
        #expect(firstDifference(values, Self.halves.map { Float(bitPattern: UInt32($0) << 16) }) == nil)
        #expect(!isFinite)
        #expect(widen(Self.halves.filter { $0 & 0x7F80 != 0x7F80 }, CQ_BF16).isFinite)
    }

    @Test func floatsPassUnchanged() {
        let values: [Float] = [0, -0.0, .leastNonzeroMagnitude, -.leastNormalMagnitude, 1, .greatestFiniteMagnitude]
        let result = widen(values, CQ_F32)
        #expect(firstDifference(result.values, values) == nil)
        #expect(result.isFinite)
    }

    /// Alone, in every lane of a vector, and in the rest after the last whole vector.
    @Test(arguments: [CQ_F32, CQ_F16, CQ_BF16])
    func anyValueThatIsNotFiniteIsFound(_ type: Int) {
        let bad: [Float] = [.nan, -.nan, .signalingNaN, .infinity, -.infinity]
        for count in [1, 7, 16, 67] {
            for place in 0..<count {
                for value in bad {
                    let found: Bool
                    switch type {
                    case CQ_F32:
                        var source = [Float](repeating: -2, count: count)
                        source[place] = value
                        found = !widen(source, type).isFinite
                    default:
                        // The upper half of a float is a bfloat; a half has its sign, all ones, and a fraction or none.
                        let upper = UInt16(value.bitPattern >> 16)
                        let half = upper & 0x8000 | 0x7C00 | (value.isNaN ? 1 : 0)
                        var source = [UInt16](repeating: 0xC000, count: count)
                        source[place] = type == CQ_BF16 ? upper | (value.isNaN ? 1 : 0) : half
                        found = !widen(source, type).isFinite
                    }
                    #expect(found, "\(value) at \(place) of \(count)")
                }
            }
        }
    }

    @Test func everyHalfComesBackFromItsValue() {
        let finite = Self.halves.filter(Self.isFinite)
        let (values, fits) = narrow(finite.map(value))
        #expect(fits)
        #expect(zip(values, finite).first { $0 != $1 } == nil)
    }

    /// Between any two neighbours: just below the middle goes down, just above goes up, the middle to the even one.
    @Test func roundingIsToNearestAndTiesToEven() {
        for sign in [0 as UInt16, 0x8000] {
            let lower = (0..<0x7BFF as Range<UInt16>).map { $0 | sign }
            let middles = lower.map { (value($0) + value($0 + 1)) / 2 }
            let even = narrow(middles)
            #expect(even.fits)
            #expect(zip(even.values, lower).first { $0 != $1 + ($1 & 1) } == nil)
            let inwards = narrow(middles.map { sign == 0 ? $0.nextDown : $0.nextUp })
            #expect(zip(inwards.values, lower).first { $0 != $1 } == nil)
            let outwards = narrow(middles.map { sign == 0 ? $0.nextUp : $0.nextDown })
            #expect(zip(outwards.values, lower).first { $0 != $1 + 1 } == nil)
        }
    }

    @Test func valuesBeyondTheRangeDoNotFit() {
        // Halfway from 65,504, the largest half, to the next power of two, rounding goes to infinity.
        #expect(narrow([Float(65_520).nextDown]).values == [0x7BFF])
        #expect(narrow([Float(65_520).nextDown, -Float(65_520).nextDown]).fits)
        for value in [Float(65_520), -65_520, 1e30, .infinity, -.infinity, .nan] {
            for count in [1, 33] {
                var source = [Float](repeating: 1, count: count)
                source[count - 1] = value
                #expect(!narrow(source).fits, "\(value)")
            }
        }
    }

    @Test func valuesBelowTheRangeBecomeZeroWithTheirSign() {
        let least: Float = 0x1p-24
        let source = [least / 2, -least / 2, (least / 2).nextUp, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, -0.0]
        let (values, fits) = narrow(source)
        #expect(fits)
        #expect(values == [0, 0x8000, 1, 0, 0x8000, 0x8000])
    }

    /// The same from vector code as from one value at a time.
    @Test func lengthsDoNotMatter() {
        var generator = SeededGenerator(state: 1)
        let source = (0..<1003).map { _ in
            generator.normal() * Float(sign: .plus, exponent: .random(in: -30...14, using: &generator), significand: 1)
        }.map { min(max($0, -60_000), 60_000) }
        let whole = narrow(source).values
        #expect(source.indices.first { narrow([source[$0]]).values != [whole[$0]] } == nil)
    }
}
