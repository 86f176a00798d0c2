import Foundation
import HiRED
import Testing

@testable import HiREDInference

/// Temperature, top-k, top-p and min-p on every small row, stated one token at a time.
@Suite struct CandidatePoolTests {
    /// Whether a draw may give a token; says for each token alone what the pool does for all at once.
    private func kept(_ row: [Float], _ options: SamplingOptions) -> [Int32] {
        let finite = row.indices.filter { row[$0].isFinite }
        let likeliest = finite.map { row[$0] }.max() ?? 0
        func weight(_ index: Int) -> Double {
            exp((Double(row[index]) - Double(likeliest)) / Double(options.temperature))
        }
        func isAhead(_ one: Int, of other: Int) -> Bool {
            row[one] > row[other] || row[one] == row[other] && one < other
        }
        // As many as k tokens strictly ahead leave a token out.
        let afterTopK = finite.filter { token in
            finite.count { row[$0] > row[token] } < options.topK ?? .max
        }
        let bound = Double(options.topP) * afterTopK.reduce(0) { $0 + weight($1) }
        return afterTopK.filter { token in
            let ahead = afterTopK.filter { isAhead($0, of: token) }.sorted { isAhead($0, of: $1) }
            let reached = options.topP < 1 && ahead.reduce(0) { $0 + weight($1) } >= bound
            return !reached && weight(token) >= Double(options.minP)
        }.map(Int32.init)
    }

    @Test(arguments: [Float(0.7), 1, 3])
    func everySmallRowIsCutAsStated(_ temperature: Float) throws {
        let values: [Float] = [-1, 0, 0.5, 2, -.infinity]
        var pool = CandidatePool()
        var compared = 0
        for number in 0..<625 {
            let row = [1, 5, 25, 125].map { values[number / $0 % 5] }
            guard row.contains(where: \.isFinite) else { continue }
            for topK in [nil, 1, 2, 3, 4, 9] {
                for topP in [Float(1), 0.9, 0.5, 0.01] {
                    for minP in [Float(0), 0.2, 1] {
                        var options = SamplingOptions(temperature: temperature, topK: topK, topP: topP)
                        options.minP = minP
                        try row.withUnsafeBufferPointer { try pool.fill($0, options) }
                        let distribution = pool.distribution
                        try #require(distribution.map(\.token) == kept(row, options), "\(row), \(options)")
                        let sum = distribution.reduce(0) { $0 + $1.probability }
                        try #require(abs(sum - 1) < 1e-12, "\(row), \(options)")
                        compared += 1
                    }
                }
            }
        }
        #expect(compared == 624 * 72)
    }

    @Test func longRowsAreCutAsStated() throws {
        var random = SplitMix64(seed: 11)
        var pool = CandidatePool()
        for _ in 0..<60 {
            // Quarters, so that there are ties.
            let row = (0..<Int.random(in: 2...120, using: &random)).map { _ in
                (Float(random.nextUnit() * 40 - 20)).rounded() / 4
            }
            for _ in 0..<20 {
                var options = SamplingOptions(temperature: Float(random.nextUnit() * 2 + 0.1))
                if Bool.random(using: &random) { options.topK = Int.random(in: 1...130, using: &random) }
                if Bool.random(using: &random) { options.topP = Float(random.nextUnit() * 0.999 + 0.001) }
                if Bool.random(using: &random) { options.minP = Float(random.nextUnit()) }
                try row.withUnsafeBufferPointer { try pool.fill($0, options) }
                let equal = pool.distribution.map(\.token) == kept(row, options)
                try #require(equal, "\(row.count) logits, \(options)")
            }
        }
    }

    /// The rest of a draw that rounding leaves goes to a token that can be drawn.
    @Test func theEndsOfTheUnitIntervalGiveKeptTokens() throws {
        let row: [Float] = [0, -4000, 1, -5000]
        var pool = CandidatePool()
        for topP in [Float(1), 0.999] {
            let options = SamplingOptions(temperature: 1, topP: topP)
            try row.withUnsafeBufferPointer { try pool.fill($0, options) }
            for unit in [0, 0.5, 1.0.nextDown] { #expect([0, 2].contains(pool.draw(unit))) }
        }
    }

    @Test(arguments: 0..<200)
    func anyRowIsDrawnFromOrRefused(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let special: [Float] = [
            .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
            -0.0, 1, -7,
        ]
        let row = (0..<Int.random(in: 0...6, using: &random)).map { _ in
            special[Int.random(in: 0..<special.count, using: &random)]
        }
        var options = SamplingOptions(
            temperature: [0, .leastNonzeroMagnitude, 1, 3e38][Int.random(in: 0..<4, using: &random)],
            topK: [nil, 1, 3, .max][Int.random(in: 0..<4, using: &random)],
            topP: [1, 0.5, .leastNonzeroMagnitude][Int.random(in: 0..<3, using: &random)], seed: seed)
        options.minP = [0, 0.5, 1][Int.random(in: 0..<3, using: &random)]
        options.repetitionPenalty = [1, .leastNonzeroMagnitude, 3e38][Int.random(in: 0..<3, using: &random)]
        options.presencePenalty = [0, 2, -2][Int.random(in: 0..<3, using: &random)]
        options.frequencyPenalty = [0, 2, -2][Int.random(in: 0..<3, using: &random)]
        options.logprobs = 3
        try options.validate()
        let finite = row.count { $0.isFinite }
        var sampler = Sampler(options)
        // As a tokenizer may give that knows more tokens than the model, or a damaged one.
        sampler.accept(prompt: [0, 1, 400, -5, .max, .min])
        for _ in 0..<4 {
            do {
                let drawn = try row.withUnsafeBufferPointer { try sampler.next($0) }
                #expect(row[Int(drawn.id)].isFinite)
                let logprobs = try #require(drawn.logprobs)
                #expect(logprobs.logprob <= 0)
                #expect(logprobs.top.count == min(3, finite))
            } catch InferenceError.numericalFailure {
                #expect(finite == 0)
            }
        }
    }
}
