// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Checkpoints
import Foundation
import Testing

@testable import HiREDInference

/// What Transformers' logits processors gave (tools/fixtures/sampling_constraints.py).
private struct ConstraintsFixture: Decodable {
    struct Settings: Decodable {
        var suppress_tokens: [Int32]?
        var begin_suppress_tokens: [Int32]?
        var bad_words_ids: [[Int32]]?
        var no_repeat_ngram_size: Int?
        var min_new_tokens: Int?
        var min_length: Int?
        var repetition_penalty: Float?

        var options: SamplingOptions {
            var options = SamplingOptions.greedy
            options.suppressedTokens = suppress_tokens ?? []
            options.beginSuppressedTokens = begin_suppress_tokens ?? []
            options.forbiddenWords = bad_words_ids ?? []
            options.noRepeatRunLength = no_repeat_ngram_size ?? 0
            options.minimumTokens = min_new_tokens ?? 0
            options.minimumLength = min_length ?? 0
            options.repetitionPenalty = repetition_penalty ?? 1
            return options
        }
    }

    struct Case: Decodable {
        var prompt: [Int32]
        var settings: Settings
        var processors: [String]
        var tokens: [Int32]
        /// Ids that could not be drawn, at each step.
        var out: [[Int32]]
    }

    var schema: Int
    var versions: [String: String]
    var ends: [Int32]
    var logits: [[Float]]
    var cases: [Case]

    init() throws {
        let url = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/sampling-constraints.json")
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: url))
        try #require(schema == 1)
        try #require(versions["transformers"] == "4.57.6")
    }
}

/// Rules that take tokens out, against Transformers 4.57.6.
@Suite struct SamplingConstraintsTests {
    @Test func answersAreTransformers() throws {
        let fixture = try ConstraintsFixture()
        #expect(fixture.cases.count == 95)
        for test in fixture.cases {
            var sampler = Sampler(test.settings.options, ends: Set(fixture.ends))
            sampler.accept(prompt: test.prompt)
            sampler.accept(whole: test.prompt)
            for (step, token) in test.tokens.enumerated() {
                let drawn = try fixture.logits[step].withUnsafeBufferPointer { try sampler.next($0).id }
                #expect(drawn == token, "\(test.prompt) \(test.settings) step \(step)")
            }
        }
    }

    @Test func theSameTokensAreOut() throws {
        let fixture = try ConstraintsFixture()
        var count = 0
        for test in fixture.cases {
            var constraints = TokenConstraints(test.settings.options, ends: Set(fixture.ends))
            constraints.accept(prompt: test.prompt)
            for (step, token) in test.tokens.enumerated() {
                var scores = fixture.logits[step]
                if constraints.areInForce { scores.withUnsafeMutableBufferPointer { constraints.mask($0) } }
                let out = scores.indices.filter { scores[$0] == -.infinity }.map(Int32.init)
                #expect(out == test.out[step], "\(test.prompt) \(test.settings) step \(step)")
                count += out.count
                constraints.record(token)
            }
        }
        #expect(count > 1000)
    }

    /// The linear search finds what comparing every place with the end finds.
    @Test(arguments: 1...6) func repeatsAreFoundAsByComparing(length: Int) {
        var generator = SplitMix(state: UInt64(length))
        var options = SamplingOptions.greedy
        options.noRepeatRunLength = length
        for _ in 0..<200 {
            let count = Int.random(in: 0...40, using: &generator)
            let history = (0..<count).map { _ in Int32.random(in: 0..<3, using: &generator) }
            var constraints = TokenConstraints(options)
            constraints.accept(prompt: history)
            var scores = [Float](repeating: 0, count: 3)
            scores.withUnsafeMutableBufferPointer { constraints.mask($0) }
            var expected: Set<Int32> = []
            if count >= length {
                let end = history.suffix(length - 1)
                for start in 0...count - length where history[start..<start + length - 1].elementsEqual(end) {
                    expected.insert(history[start + length - 1])
                }
            }
            #expect(Set(scores.indices.filter { scores[$0] < 0 }.map(Int32.init)) == expected)
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// Ids that no row has, and lengths at the edge of an Int.
    @Test func nothingTraps() throws {
        var options = SamplingOptions.greedy
        (options.suppressedTokens, options.forbiddenWords) = ([Int32.max, 0], [[Int32.max], [1, Int32.max]])
        (options.minimumTokens, options.minimumLength, options.noRepeatRunLength) = (.max, .max, .max)
        try options.validate()
        var sampler = Sampler(options, ends: [3, Int32.max])
        sampler.accept(whole: [1, 1, 1])
        let token = try [Float](arrayLiteral: 9, 0, 1, 5).withUnsafeBufferPointer { try sampler.next($0).id }
        #expect(token == 2)
    }

    @Test func wrongOptionsAreRefused() {
        let changes: [(inout SamplingOptions) -> Void] = [
            { $0.suppressedTokens = [-1] }, { $0.beginSuppressedTokens = [-1] }, { $0.forbiddenWords = [[1, -1]] },
            { $0.forbiddenWords = [[]] }, { $0.noRepeatRunLength = -1 }, { $0.minimumTokens = -1 },
            { $0.minimumLength = -1 },
        ]
        for change in changes {
            var options = SamplingOptions.greedy
            change(&options)
            #expect(throws: InferenceError.self) { try options.validate() }
        }
    }
}
