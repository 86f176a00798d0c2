import Testing

@testable import HiREDInference

@Suite struct TokenPenaltiesTests {
    private func options(repetition: Float = 1, presence: Float = 0, frequency: Float = 0) -> SamplingOptions {
        var options = SamplingOptions.greedy
        options.repetitionPenalty = repetition
        options.presencePenalty = presence
        options.frequencyPenalty = frequency
        return options
    }

    /// Every prompt and answer of up to two of three tokens, and every row of three values.
    @Test(arguments: [(Float(1), Float(0), Float(0)), (2, 0, 0), (0.5, 0, 0), (1, 0.5, 0), (1, 0, -0.25), (2, 1, 0.5)])
    func scoresAreAsStated(_ repetition: Float, _ presence: Float, _ frequency: Float) throws {
        let texts: [[Int32]] =
            [[]] + (0..<3).map { [$0] } + (0..<9).map { [$0 / 3, $0 % 3] }
        for number in 0..<27 {
            let row = [1, 3, 9].map { [Float(-3), 0, 2][number / $0 % 3] }
            for prompt in texts {
                for answer in texts {
                    var penalties = TokenPenalties(
                        options(repetition: repetition, presence: presence, frequency: frequency))
                    penalties.accept(prompt: prompt)
                    for id in answer { penalties.record(id) }
                    let scores = row.withUnsafeBufferPointer { penalties.scores($0) }
                    let expected = row.enumerated().map { token, logit in
                        let count = answer.count { Int($0) == token }
                        let isThere = count > 0 || prompt.contains(Int32(token))
                        let repeated = !isThere ? logit : logit > 0 ? logit / repetition : logit * repetition
                        return repeated - Float(count) * frequency - (count > 0 ? presence : 0)
                    }
                    try #require(scores == expected, "\(row), \(prompt), \(answer)")
                }
            }
        }
    }

    /// The sampler counts what it draws: greedy goes on to the next token once a token's penalty is large enough.
    @Test func greedyMovesOn() throws {
        func draw(_ options: SamplingOptions, prompt: [Int32] = [], count: Int) throws -> [Int32] {
            var sampler = Sampler(options)
            sampler.accept(prompt: prompt)
            let row: [Float] = [1, 4, 3.5, 3]
            return try (0..<count).map { _ in try row.withUnsafeBufferPointer { try sampler.next($0).id } }
        }
        #expect(try draw(options(), prompt: [1], count: 3) == [1, 1, 1])
        // 4, 3.5, 3 become 2, 1.75, 1.5 once and no less later.
        #expect(try draw(options(repetition: 2), count: 5) == [1, 2, 3, 1, 1])
        #expect(try draw(options(repetition: 2), prompt: [1, 2], count: 3) == [3, 1, 1])
        // 4, 3.5, 3 become 3.25, 2.75, 2.25 once.
        #expect(try draw(options(presence: 0.75), prompt: [1], count: 4) == [1, 2, 1, 1])
        // By 0.75 each time.
        #expect(try draw(options(frequency: 0.75), prompt: [1], count: 6) == [1, 2, 1, 3, 2, 1])
    }

    @Test func theModelsLogitsStayAsTheyAre() throws {
        let row: [Float] = [1, 2, 3]
        var sampler = Sampler(options(repetition: 9, presence: 2, frequency: 2))
        for _ in 0..<5 { _ = try row.withUnsafeBufferPointer { try sampler.next($0) } }
        #expect(row == [1, 2, 3])
    }
}
