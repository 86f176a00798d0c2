import Foundation
import HiRED
import Testing

@testable import HiREDInference

@Suite struct TokenLogprobsTests {
    @Test(arguments: [0, 1, 3, 20])
    func theyAreTheLogSoftmaxOfTheLogits(_ alternatives: Int) throws {
        var random = SplitMix64(seed: 4)
        for count in [1, 2, 5, 19, 20, 21, 400] {
            // Quarters, so that there are ties; large, so that a plain sum of exponentials would overflow.
            var row = (0..<count).map { _ in (Float(random.nextUnit() * 40) - 20).rounded() / 4 + 900 }
            if count > 20 { (row[3], row[7]) = (.nan, -.infinity) }
            let finite = row.indices.filter { row[$0].isFinite }
            let sum = finite.reduce(0.0) { $0 + exp(Double(row[$1]) - 900) }
            let expected = finite.sorted { row[$0] != row[$1] ? row[$0] > row[$1] : $0 < $1 }.prefix(alternatives)
            for id in finite.prefix(5) {
                let logprobs = row.withUnsafeBufferPointer {
                    TokenLogprobs(of: Int32(id), alternatives: alternatives, logits: $0)
                }
                #expect(logprobs.id == Int32(id))
                #expect(abs(Double(logprobs.logprob) - (Double(row[id]) - 900 - log(sum))) < 1e-5)
                #expect(logprobs.top.map { Int($0.id) } == Array(expected))
                for entry in logprobs.top {
                    #expect(abs(Double(entry.logprob) - (Double(row[Int(entry.id)]) - 900 - log(sum))) < 1e-5)
                }
            }
        }
    }

    /// They are the model's own, whatever the draw is made from.
    @Test func optionsDoNotChangeThem() throws {
        let row: [Float] = [3, 2, 1, 0]
        func logprobs(_ change: (inout SamplingOptions) -> Void) throws -> TokenLogprobs {
            var options = SamplingOptions(seed: 1)
            options.logprobs = 4
            change(&options)
            var sampler = Sampler(options)
            sampler.accept(prompt: [1, 2])
            return try #require(try row.withUnsafeBufferPointer { try sampler.next($0).logprobs })
        }
        let plain = try logprobs { _ in }
        #expect(plain.id == 0)
        let cut = try logprobs {
            $0.temperature = 4
            $0.topK = 1
            $0.topP = 0.1
            $0.minP = 1
        }
        #expect(cut == plain)
        let penalised = try logprobs { $0.repetitionPenalty = 0.01 }
        #expect(penalised.id == 1)
        #expect(penalised.logprob == plain.top[1].logprob)
        #expect(penalised.top == plain.top)
    }

    @Test func theyAreGivenOnlyWhenAskedFor() throws {
        var sampler = Sampler(.greedy)
        let row: [Float] = [1, 2]
        #expect(try row.withUnsafeBufferPointer { try sampler.next($0) } == SampledToken(id: 1, logprobs: nil))
    }
}
