import Failures
import Foundation
import OrderedJSON
import Testing

@testable import Checkpoints

/// Configurations with values and bytes changed at random: each is read, or refused with an error of this package.
@Suite("Mutated configurations")
struct ConfigMutationTests {
    private static let odd: [JSONValue] = [
        .null, .bool(true), .integer(0), .integer(-1), .integer(1), .integer(.max), .integer(.min),
        .integer(1 << 20), .integer(1 << 26), .integer(1 << 30), .integer(1 << 32), .number(1e308), .number(-0.0),
        .number(.leastNonzeroMagnitude), .string(""), .string("\u{0}"), .string(String(repeating: "x", count: 300)),
        .array([]),
        .array([.integer(.max), .null]), .object([:]), .object(["": .array([.object([:])])]),
    ]

    /// Replaces, removes or adds one value somewhere.
    private func mutate(_ value: JSONValue, _ generator: inout SeededGenerator) -> JSONValue {
        switch value {
        case .object(var object) where !object.isEmpty && Int.random(in: 0..<8, using: &generator) > 0:
            let key = object.keys[Int.random(in: 0..<object.count, using: &generator)]
            if Int.random(in: 0..<12, using: &generator) == 0 {
                object[key] = nil
            } else {
                object[key] = object[key].map { mutate($0, &generator) }
            }
            return .object(object)
        case .array(var list) where !list.isEmpty && Int.random(in: 0..<3, using: &generator) > 0:
            let place = Int.random(in: 0..<list.count, using: &generator)
            list[place] = mutate(list[place], &generator)
            return .array(list)
        default:
            return Self.odd[Int.random(in: 0..<Self.odd.count, using: &generator)]
        }
    }

    private func read(_ value: JSONValue, generation: JSONValue, preprocessor: JSONValue) throws {
        let object = try ConfigObject(value, name: "config.json")
        let model = try VisionLanguageConfig(object)
        // What others compute from it first.
        #expect(model.featureWidth > 0 && model.vision.tokenCount > 0)
        #expect(model.text.headSize * model.text.headCount > 0)
        let found = try GenerationConfig(
            file: ConfigObject(generation, name: "generation_config.json"), config: object, model: model)
        try found.check(vocabularySize: model.text.vocabularySize)
        _ = try found.huggingFaceFile()
        _ = try PreprocessorConfig(ConfigObject(preprocessor, name: "preprocessor_config.json"), family: model.family)
        _ = try model.huggingFaceFile(imageToken: 1)
    }

    private static let generation = Data(
        #"""
        {"do_sample": true, "temperature": 0.6, "top_k": 5, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.1,
         "suppress_tokens": [3, 4], "begin_suppress_tokens": [22], "bad_words_ids": [[5], [6, 7]], "eos_token_id": [2],
         "no_repeat_ngram_size": 3, "min_new_tokens": 2, "min_length": 9, "stop_strings": ["END"], "num_beams": 1,
         "max_new_tokens": 77, "max_length": 4096, "_from_model_config": true}
        """#.utf8)

    @Test func everyMutationIsReadOrRefused() throws {
        let configs = try ConfigFixture<ExpectedConfig>(named: "configs.json")
        let preprocessors = try ConfigFixture<ExpectedPreprocessor>(named: "preprocessors.json")
        let generation = try JSONValue(parsing: Array(Self.generation))
        let bases = configs.bases.keys.sorted().compactMap { configs.bases[$0] }
        let pictures = preprocessors.bases.keys.sorted().compactMap { preprocessors.bases[$0] }
        var generator = SeededGenerator(state: 20_261_127)
        var (accepted, refused) = (0, 0)
        for round in 0..<6000 {
            var values = [bases[round % bases.count], generation, pictures[round % pictures.count]]
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                let place = Int.random(in: 0..<3, using: &generator)
                values[place] = mutate(values[place], &generator)
            }
            do {
                try read(values[0], generation: values[1], preprocessor: values[2])
                accepted += 1
            } catch is CheckpointError { refused += 1 }
        }
        #expect(accepted > 500)
        #expect(refused > 2000)
    }

    /// Bytes, not values: what a damaged disk or download leaves.
    @Test func everyDamagedTextIsReadOrRefused() throws {
        let configs = try ConfigFixture<ExpectedConfig>(named: "configs.json")
        let bytes = try Array(JSONEncoder().encode(try #require(configs.bases["tiny-llama"])))
        var generator = SeededGenerator(state: 7)
        var refused = 0
        for _ in 0..<2000 {
            var damaged = bytes
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                let place = Int.random(in: 0..<damaged.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: damaged.remove(at: place)
                case 1: damaged.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                case 2: damaged.removeLast(Int.random(in: 0..<damaged.count / 2, using: &generator))
                default: damaged[place] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            do { _ = try VisionLanguageConfig(json: Data(damaged)) } catch is CheckpointError { refused += 1 }
        }
        #expect(refused > 500)
    }
}
