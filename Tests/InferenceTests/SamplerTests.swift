import Testing

@testable import Inference

@Suite struct SamplerTests {
    private func draw(_ options: SamplingOptions, _ logits: [Float], count: Int) throws -> [Int32] {
        var sampler = Sampler(options)
        return try (0..<count).map { _ in try logits.withUnsafeBufferPointer { try sampler.next($0).id } }
    }

    @Test func greedyTakesTheFirstOfTheLargest() throws {
        #expect(try draw(.greedy, [1, 5, 5, -1], count: 1) == [1])
        #expect(try draw(.greedy, [-.infinity, -3, .nan], count: 1) == [1])
    }

    @Test func logitsWithoutANumberAreAnError() {
        for options in [SamplingOptions.greedy, SamplingOptions(temperature: 1, seed: 1)] {
            #expect(throws: InferenceError.numericalFailure) { try draw(options, [.nan, -.infinity], count: 1) }
        }
    }

    @Test func theSameSeedDrawsTheSameTokens() throws {
        let logits = (0..<50).map { Float($0 % 7) }
        let one = try draw(SamplingOptions(temperature: 1, seed: 5), logits, count: 40)
        #expect(try one == draw(SamplingOptions(temperature: 1, seed: 5), logits, count: 40))
        #expect(try one != draw(SamplingOptions(temperature: 1, seed: 6), logits, count: 40))
    }

    @Test func topKAndTopPLeaveTheRestOut() throws {
        let logits: [Float] = [0, 3, 2, 1, -1]
        #expect(Set(try draw(SamplingOptions(temperature: 5, topK: 2, seed: 1), logits, count: 300)) == [1, 2])
        // Probabilities are about 0.64, 0.24, 0.09, 0.03, 0.01.
        #expect(Set(try draw(SamplingOptions(temperature: 1, topP: 0.8, seed: 1), logits, count: 300)) == [1, 2])
        #expect(Set(try draw(SamplingOptions(temperature: 1, topP: 0.5, seed: 1), logits, count: 300)) == [1])
    }

    @Test func frequenciesFollowTheProbabilities() throws {
        let drawn = try draw(SamplingOptions(temperature: 1, seed: 3), [0, 0.693_147_18], count: 6000)
        let share = Double(drawn.count { $0 == 1 }) / 6000
        // Two thirds; six standard deviations are 0.037.
        #expect(abs(share - 2.0 / 3) < 0.037)
    }

    @Test func valuesOutsideTheirRangeAreErrors() {
        for options in [
            SamplingOptions(temperature: -1), SamplingOptions(temperature: .nan), SamplingOptions(topK: 0),
            SamplingOptions(topP: 0), SamplingOptions(topP: 1.5),
        ] {
            #expect(throws: InferenceError.self) { try options.validate() }
        }
    }
}
