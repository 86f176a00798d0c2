import Failures
import Foundation
import HiRED
import Testing

@testable import HiREDInference

@Suite struct SamplerTests {
    private func draw(_ options: SamplingOptions, _ logits: [Float], count: Int) throws -> [Int32] {
        var sampler = Sampler(options)
        return try (0..<count).map { _ in try logits.withUnsafeBufferPointer { try sampler.next($0).id } }
    }

    private static func options(_ temperature: Float, _ change: (inout SamplingOptions) -> Void) -> SamplingOptions {
        var options = SamplingOptions(temperature: temperature)
        change(&options)
        return options
    }

    @Test func greedyTakesTheFirstOfTheLargest() throws {
        #expect(try draw(.greedy, [1, 5, 5, -1], count: 1) == [1])
        #expect(try draw(.greedy, [-.infinity, -3, .nan, .infinity], count: 1) == [1])
    }

    @Test func logitsWithoutANumberAreAnError() {
        for options in [SamplingOptions.greedy, SamplingOptions(temperature: 1, seed: 1)] {
            for row in [[], [Float.nan, -.infinity, .infinity]] {
                #expect(throws: InferenceError.numericalFailure) { try draw(options, row, count: 1) }
            }
        }
    }

    @Test func topKAndTopPLeaveTheRestOut() throws {
        let logits: [Float] = [0, 3, 2, 1, -1]
        #expect(Set(try draw(SamplingOptions(temperature: 5, topK: 2, seed: 1), logits, count: 300)) == [1, 2])
        // Probabilities are about 0.64, 0.24, 0.09, 0.03, 0.01.
        #expect(Set(try draw(SamplingOptions(temperature: 1, topP: 0.8, seed: 1), logits, count: 300)) == [1, 2])
        #expect(Set(try draw(SamplingOptions(temperature: 1, topP: 0.5, seed: 1), logits, count: 300)) == [1])
    }

    @Test(arguments: [
        options(1) { _ in }, options(0.3) { $0.topK = 9 }, options(2) { $0.topP = 0.8 },
        options(1.5) {
            $0.minP = 0.01
            $0.repetitionPenalty = 1.1
            $0.presencePenalty = 0.2
            $0.frequencyPenalty = 0.1
        },
    ])
    func theSameSeedDrawsTheSameTokens(_ options: SamplingOptions) throws {
        let logits = (0..<50).map { Float($0 % 7) }
        func draw(_ seed: UInt64) throws -> [Int32] {
            var seeded = options
            seeded.seed = seed
            return try self.draw(seeded, logits, count: 60)
        }
        #expect(try draw(5) == draw(5))
        #expect(try draw(5) != draw(6))
    }

    /// Another sequence's draws between a sequence's own change nothing.
    @Test func samplersDoNotShareRandomNumbers() throws {
        let logits = (0..<50).map { Float($0 % 7) }
        let options = SamplingOptions(temperature: 1, seed: 5)
        var (one, other) = (Sampler(options), Sampler(SamplingOptions(temperature: 1, seed: 9)))
        let drawn = try (0..<40).map { _ in
            try logits.withUnsafeBufferPointer { row in
                _ = try other.next(row)
                return try one.next(row).id
            }
        }
        #expect(try drawn == draw(options, logits, count: 40))
    }

    @Test func withoutASeedDrawsDiffer() throws {
        let logits = [Float](repeating: 0, count: 1000)
        let options = SamplingOptions(temperature: 1)
        // The same 20 of 1000 twice have a probability of 1e-60.
        #expect(try draw(options, logits, count: 20) != draw(options, logits, count: 20))
    }

    /// Pearson's chi-square of 40,000 draws against the probabilities that Transformers' definitions give.
    @Test(arguments: [
        (options(1) { _ in }, 8), (options(0.6) { _ in }, 8), (options(1) { $0.topK = 5 }, 5),
        // Probabilities are 0.46, 0.23, 0.14, 0.06, 0.05 and less.
        (options(1) { $0.topP = 0.8 }, 3), (options(1) { $0.minP = 0.1 }, 5),
    ])
    func drawsFollowTheDistribution(_ options: SamplingOptions, kept: Int) throws {
        let logits: [Float] = [0.4, 2.5, -0.2, 1.8, -1, 1.3, 0.3, -0.4]
        let likeliest = logits.enumerated().sorted { $0.element > $1.element }.prefix(kept)
        let weights = likeliest.map { exp(Double($0.element / options.temperature)) }
        // 99.9th percentiles for 2, 4 and 7 degrees of freedom.
        let bound = try #require([3: 13.82, 5: 18.47, 8: 24.32][kept])
        for seed in UInt64(1)...5 {
            var seeded = options
            seeded.seed = seed
            var counts = [Int](repeating: 0, count: logits.count)
            for token in try draw(seeded, logits, count: 40_000) { counts[Int(token)] += 1 }
            var chiSquare = 0.0
            for (item, weight) in zip(likeliest, weights) {
                let expected = weight / weights.reduce(0, +) * 40_000
                let difference = Double(counts[item.offset]) - expected
                chiSquare += difference * difference / expected
                counts[item.offset] = 0
            }
            #expect(chiSquare < bound, "seed \(seed)")
            #expect(counts.allSatisfy { $0 == 0 }, "seed \(seed)")
        }
    }

    @Test(arguments: [
        (options(-1) { _ in }, Parameter.temperature), (options(.nan) { _ in }, Parameter.temperature),
        (options(.infinity) { _ in }, Parameter.temperature), (options(1) { $0.topK = 0 }, Parameter.topK),
        (options(1) { $0.topP = 0 }, Parameter.topP), (options(1) { $0.topP = 1.5 }, Parameter.topP),
        (options(1) { $0.topP = .nan }, Parameter.topP), (options(1) { $0.minP = -0.1 }, Parameter.minP),
        (options(1) { $0.minP = 1.1 }, Parameter.minP),
        (options(1) { $0.repetitionPenalty = 0 }, Parameter.repetitionPenalty),
        (options(1) { $0.repetitionPenalty = .infinity }, Parameter.repetitionPenalty),
        (options(1) { $0.presencePenalty = 2.1 }, Parameter.presencePenalty),
        (options(1) { $0.frequencyPenalty = .nan }, Parameter.frequencyPenalty),
        (options(1) { $0.logprobs = -1 }, Parameter.logprobs), (options(1) { $0.logprobs = 21 }, Parameter.logprobs),
        (options(1) { $0.stop = [""] }, Parameter.stop), (options(1) { $0.stop = ["a", ""] }, Parameter.stop),
        (options(1) { $0.stop = [String](repeating: "a", count: 17) }, Parameter.stop),
        (options(1) { $0.stop = [String(repeating: "é", count: 1025)] }, Parameter.stop),
    ])
    func valuesOutsideTheirRangeAreErrors(_ options: SamplingOptions, parameter: Parameter) {
        let error = #expect(throws: InferenceError.self) { try options.validate() }
        guard case .invalidOption(parameter, _, let remedy) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(remedy.hasPrefix("give "))
    }

    @Test func valuesAtTheEndsOfTheirRangesAreGood() throws {
        for low in [true, false] {
            try Self.options(low ? 0 : 100) {
                $0.topK = low ? 1 : .max
                $0.topP = low ? .leastNonzeroMagnitude : 1
                $0.minP = low ? 0 : 1
                $0.repetitionPenalty = low ? 0.01 : 100
                $0.presencePenalty = low ? -2 : 2
                $0.frequencyPenalty = low ? -2 : 2
                $0.logprobs = low ? 0 : 20
                $0.stop = low ? ["a"] : [String](repeating: String(repeating: "a", count: 1024), count: 16)
            }.validate()
        }
    }
}
