import HiRED
import Testing
import VisionEncoding

/// Which towers are compiled, kept and let go.
@Suite struct TowerTests {
    private let hired: Set<VisionTap> = [
        VisionTap(.classAttention, layer: .first), VisionTap(.classAttention, layer: .final),
    ]
    private let keys: Set<VisionTap> = [VisionTap(.keys, layer: .index(1))]
    private let features: Set<VisionTap> = [VisionTap(.features, layer: .index(2))]

    private func encoder() throws -> VisionEncoder {
        try ImagePipeline.exact(TapFixture("next-mha").checkpoint).encoder
    }

    private func view(_ taps: Set<VisionTap>, seed: UInt64 = 1) -> VisionEncoder.View {
        VisionEncoder.View(taps: taps) { target in
            var generator = SplitMix64(seed: seed)
            for index in target.indices { target[index] = UInt8.random(in: 0...255, using: &generator) }
        }
    }

    @Test func theOneUsedTheLongestAgoGoes() throws {
        let encoder = try encoder()
        func encode(_ taps: Set<VisionTap>, compiles count: Int) throws -> VisionEncoder.EncodedView {
            let encoded = try encoder.encode([view(taps)])[0]
            #expect(encoder.compilationCount == count)
            #expect(Set(encoded.taps.values.keys) == taps)
            return encoded
        }
        let first = try encode(hired, compiles: 1)
        _ = try encode([], compiles: 1)
        let second = try encode(keys, compiles: 2)
        // Both stay: the order of use alternates.
        #expect(try encode(hired, compiles: 2).taps == first.taps)
        #expect(try encode(keys, compiles: 2).taps == second.taps)
        _ = try encode(hired, compiles: 2)
        _ = try encode(features, compiles: 3)
        #expect(try encode(hired, compiles: 3).taps == first.taps)
        // The keys went; now the features go.
        #expect(try encode(keys, compiles: 4).taps == second.taps)
        _ = try encode(hired, compiles: 4)
        _ = try encode(features, compiles: 5)
    }

    @Test func aBatchCompilesAtMostOnce() throws {
        let encoder = try encoder()
        let unsplit: Set<VisionTap> = [VisionTap(.classAttentionUnsplit, layer: .index(0))]
        let all = [keys, hired, unsplit, []]
        let together = try encoder.encode(all.enumerated().map { view($1, seed: UInt64($0)) })
        #expect(encoder.compilationCount == 2)
        for (number, taps) in all.enumerated() {
            let alone = try encoder.encode([view(taps, seed: UInt64(number))])[0]
            #expect(Set(together[number].taps.values.keys) == taps)
            #expect(try relativeDifference(together[number].features, alone.features) < 1e-5)
            for tap in taps {
                let (one, other) = (
                    try #require(together[number].taps.values[tap]), try #require(alone.taps.values[tap])
                )
                #expect(try relativeDifference(one, other) < 1e-5, "\(tap)")
            }
        }
        // The union serves each of them.
        #expect(encoder.compilationCount == 2)
    }

    /// Whatever taps are asked for, the features are the same.
    @Test func featuresDoNotDependOnTaps() throws {
        let encoder = try encoder()
        let plain = try encoder.encode([view([])])[0].features
        #expect(plain.count == 16 * 32)
        for taps in [hired, keys, features] {
            #expect(try relativeDifference(try encoder.encode([view(taps)])[0].features, plain) < 1e-6)
        }
    }

    @Test func memoryIsCounted() throws {
        let encoder = try encoder()
        let one = encoder.byteCount
        // Numbers of 4 bytes each in float32: three convolution planes of 14·14, positions, CLS, a norm, two whole layers,
        // and of the first graph no more.
        let layer = 4 * (32 * 32 + 32) + 2 * 32 * 64 + 64 + 32 + 4 * 32
        #expect(one == 4 * (32 * 3 * 14 * 14 + 17 * 32 + 32 + 2 * 32 + 2 * layer))
        _ = try encoder.encode([view(keys)])
        // The same layers: nothing but other rows of them.
        #expect(encoder.byteCount == 2 * one)
        _ = try encoder.encode([view(features)])
        // One layer more, in place of the tower used the longest ago.
        #expect(encoder.byteCount == 2 * one + 4 * layer)
    }

    /// Where the memory holds one tower, one is kept; a single one is never refused.
    @Test(arguments: [0, 1 << 17]) func towersThatDoNotFitTogetherTakeTurns(bytes: Int) throws {
        let pipeline = try ImagePipeline.exact(TapFixture("next-mha").checkpoint, towerBytes: bytes)
        let encoder = pipeline.encoder
        let one = encoder.byteCount
        #expect(one < 1 << 18 && 2 * one > 1 << 17)
        for (number, taps) in [keys, hired, keys].enumerated() {
            _ = try encoder.encode([view(taps), view([])])
            #expect(encoder.compilationCount == number + 2)
            #expect(encoder.byteCount == one)
        }
    }
}
