import Foundation
import ModelGraphs
import ModelImport
import Testing

@testable import HiREDInference

/// How a model's graphs are compiled: what is asked is in force, or refused.
@Suite struct CompilationOptionsTests {
    private func imported(_ weights: WeightFormat, _ scratch: Scratch) throws -> URL {
        var options = ModelImporter.Options()
        options.weights = weights
        let destination = scratch.url.appending(path: weights.rawValue)
        try ModelImporter(options: options, createdBy: "test").run(
            try CheckpointFolder.open(EngineFixture.demo), to: destination)
        return destination
    }

    private func load(
        _ url: URL, _ change: (inout CompilationOptions) -> Void = { _ in }
    ) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        change(&options.compilation)
        return try VisionLanguageModel(contentsOf: url, options: options)
    }

    private func groups(_ model: VisionLanguageModel) -> String? {
        model.runtimeProperties.language["dynamic_quantization_group_size"]
    }

    @Test func activationsAreGroupedAsTheWeightsAre() async throws {
        let scratch = try Scratch()
        let url = try imported(.int4, scratch)
        let manifest = try ModelManifest(folder: url)
        let weightGroups = manifest.tensors.filter { $0.part == .languageModel && $0.type == "i4" }
            .compactMap(\.groupSize)
        let smallest = try #require(weightGroups.min())
        #expect(try VisionLanguageModel.activationGroup(of: url) == min(smallest, 128))

        let model = try load(url)
        #expect(groups(model) == "\(min(smallest, 128))")
        // The tower keeps the runtime's own choice, whatever the language model gets.
        let tower = model.runtimeProperties.vision["dynamic_quantization_group_size"]
        for choice in [ActivationGroups.of32, .of64, .of128, .off] {
            let other = try load(url) { $0.activationGroups = choice }
            #expect(groups(other) == (choice == .off ? "0" : choice.rawValue))
            #expect(other.runtimeProperties.vision["dynamic_quantization_group_size"] == tower)
        }
        #expect(try await !model.result(try EngineFixture.request()).tokens.isEmpty)
    }

    @Test func wholeRowsAndFloatsAreLeftToTheRuntime() throws {
        let scratch = try Scratch()
        for url in [EngineFixture.demo, try imported(.int8, scratch)] {
            #expect(try VisionLanguageModel.activationGroup(of: url) == nil)
            let own = try groups(load(url))
            #expect(own != nil)
            #expect(try groups(load(url) { $0.activationGroups = .off }) == "0")
        }
    }

    @Test func exactArithmeticQuantisesNothing() throws {
        let scratch = try Scratch()
        let url = try imported(.int4, scratch)
        for choice in [ActivationGroups.auto, .off] {
            let model = try load(url) { ($0.precision, $0.activationGroups) = (.f32, choice) }
            #expect(groups(model) == "0")
        }
        for choice in [ActivationGroups.of32, .of64, .of128] {
            let error = #expect(throws: InferenceError.self) {
                _ = try load(url) { ($0.precision, $0.activationGroups) = (.f32, choice) }
            }
            #expect(error?.subject == .parameter(.activationGroups))
        }
    }

    @Test func devicesThatAreNotThereAreRefused() throws {
        for name in ["GPU.9", "TPU", "", "cpu", "C"] {
            let error = #expect(throws: InferenceError.self) { _ = try load(EngineFixture.demo) { $0.device = name } }
            #expect(error?.subject == .parameter(.device))
            #expect(error?.description.contains("CPU") ?? false)
            let other = #expect(throws: InferenceError.self) {
                _ = try load(EngineFixture.demo) { $0.visionDevice = name }
            }
            #expect(other?.subject == .parameter(.visionDevice))
        }
        let model = try load(EngineFixture.demo) { $0.visionDevice = "CPU" }
        #expect(model.runtimeProperties.vision["execution_devices"]?.contains("CPU") ?? false)
    }

    @Test func blocksAreAsLargeAsTheCompiledModelSays() async throws {
        let model = try EngineFixture.model()
        #expect(try await model.drive { $0.openVINO.language.cache.blockSize } == 32)
    }

    @Test func theFloorIsMeasured() async throws {
        #expect(try await EngineFixture.model().measureProductRate() > 1e8)
    }
}
