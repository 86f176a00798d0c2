// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Testing

@testable import HiREDInference

/// What Transformers' logits processors gave (tools/fixtures/sampling.py).
struct SamplingFixture: Decodable {
    struct Row: Decodable {
        var name: String
        var ids: [Int32]
        /// Nil stands for -infinity.
        var logits: [Float?]

        var scores: [Float] { logits.map { $0 ?? -.infinity } }
    }
    struct Case: Decodable {
        var row: Int
        var repetition_penalty: Float
        var temperature: Float
        /// 0 keeps all.
        var top_k: Int
        var top_p: Float
        var min_p: Float
        /// The likeliest token after penalties.
        var greedy: Int32
        var kept: [Int32]
        var probabilities: [Double]

        var options: SamplingOptions {
            var options = SamplingOptions(temperature: temperature, topK: top_k == 0 ? nil : top_k, topP: top_p)
            options.repetitionPenalty = repetition_penalty
            options.minP = min_p
            return options
        }
    }

    var schema: Int
    var rows: [Row]
    var cases: [Case]

    static func load() throws -> SamplingFixture {
        let url = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/sampling.json")
        let fixture = try JSONDecoder().decode(SamplingFixture.self, from: Data(contentsOf: url))
        try #require(fixture.schema == 1)
        return fixture
    }
}

extension CandidatePool {
    /// The tokens that a draw can give with their probabilities, in the order of ids.
    var distribution: [(token: Int32, probability: Double)] {
        kept.map { ($0.token, $0.weight / total) }.sorted { $0.0 < $1.0 }
    }

    /// Of penalised scores; `ids` is the prompt.
    static func distribution(
        _ logits: [Float], _ options: SamplingOptions, prompt ids: [Int32] = []
    ) throws -> [(token: Int32, probability: Double)] {
        var penalties = TokenPenalties(options)
        penalties.accept(prompt: ids)
        var pool = CandidatePool()
        try logits.withUnsafeBufferPointer { row in
            try penalties.scores(row).withUnsafeBufferPointer { try pool.fill($0, options) }
        }
        return pool.distribution
    }
}
