import Testing

@testable import HiREDInference

/// Sampling against Transformers 4.57.6: the repetition penalty, temperature, top-k, top-p and min-p, each alone and
/// together in the order of its `_get_logits_processor`.
@Suite struct SamplingParityTests {
    @Test func keptTokensAndProbabilitiesAreTransformers() throws {
        let fixture = try SamplingFixture.load()
        #expect(fixture.cases.count > 400)
        for test in fixture.cases {
            let row = fixture.rows[test.row]
            let distribution = try CandidatePool.distribution(row.scores, test.options, prompt: row.ids)
            let keepsTheSame = distribution.map(\.token) == test.kept
            #expect(keepsTheSame, "\(row.name), \(test.options)")
            guard keepsTheSame else { continue }
            // Transformers computes in float32.
            let difference = zip(distribution, test.probabilities).map { abs($0.probability / $1 - 1) }.max()
            #expect(try #require(difference) < 2e-5, "\(row.name), \(test.options)")
        }
    }

    @Test func greedyTakesTheLikeliestAfterPenalties() throws {
        let fixture = try SamplingFixture.load()
        for test in fixture.cases {
            let row = fixture.rows[test.row]
            var options = test.options
            options.temperature = 0
            var sampler = Sampler(options)
            sampler.accept(prompt: row.ids)
            let token = try row.scores.withUnsafeBufferPointer { try sampler.next($0).id }
            #expect(token == test.greedy, "\(row.name), \(test.options)")
        }
    }

    @Test func drawsGiveKeptTokensOnly() throws {
        let fixture = try SamplingFixture.load()
        for (number, test) in fixture.cases.enumerated() {
            let row = fixture.rows[test.row]
            var options = test.options
            options.seed = UInt64(number)
            var sampler = Sampler(options)
            sampler.accept(prompt: row.ids)
            let kept = Set(test.kept)
            // One draw: the next would count the first.
            let token = try row.scores.withUnsafeBufferPointer { try sampler.next($0).id }
            #expect(kept.contains(token), "\(row.name), \(test.options)")
        }
    }
}
