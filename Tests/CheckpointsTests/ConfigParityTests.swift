import Failures
import Foundation
import OrderedJSON
import Testing

@testable import Checkpoints

@Suite("Configurations resolve as in Transformers")
struct ConfigParityTests {
    static let bases = [
        "tiny-llama", "tiny-mistral", "tiny-qwen2", "tiny-llava", "vicuna-7b", "vicuna-13b", "mistral-7b",
        "llama3-8b", "llava-1.5-7b", "bare-llava-next", "bare-llava", "empty-parts",
    ]

    /// The whole file, and every key removed, set to null, or changed, one at a time.
    @Test(arguments: bases)
    func everyKey(base: String) throws {
        let fixture = try ConfigFixture<ExpectedConfig>(named: "configs.json")
        #expect(fixture.bases.keys.sorted() == Self.bases.sorted())
        let cases = fixture.cases.filter { $0.base == base }
        #expect(cases.count >= 3)
        for item in cases {
            let edit: Comment = "\(base): \(item.edit) \(item.path) \(item.value?.summary ?? "")"
            let object = try fixture.object(of: item, file: "config.json")
            guard let expected = item.expected else {
                let error = #expect(throws: CheckpointError.self, edit) { _ = try VisionLanguageConfig(object) }
                let key = item.path.split(separator: ".").last ?? ""
                #expect(error?.file == "config.json", edit)
                #expect(error?.problem.contains(key) == true, edit)
                continue
            }
            #expect(throws: Never.self, edit) {
                let config = try VisionLanguageConfig(object)
                #expect(ExpectedConfig(config) == expected.normalized, edit)
            }
        }
    }

    @Test func everyPreprocessorKey() throws {
        let fixture = try ConfigFixture<ExpectedPreprocessor>(named: "preprocessors.json")
        #expect(fixture.cases.count > 80)
        for item in fixture.cases {
            let edit: Comment = "\(item.base): \(item.edit) \(item.path) \(item.value?.summary ?? "")"
            let object = try fixture.object(of: item, file: "preprocessor_config.json")
            guard let expected = item.expected else {
                let error = #expect(throws: CheckpointError.self, edit) {
                    _ = try PreprocessorConfig(object, family: .llavaNext)
                }
                #expect(error?.problem.contains(item.path) == true, edit)
                continue
            }
            #expect(throws: Never.self, edit) {
                let config = try PreprocessorConfig(object, family: .llavaNext)
                #expect(ExpectedPreprocessor(config) == expected, edit)
            }
        }
    }
}

/// An image processor as Transformers resolved it.
struct ExpectedPreprocessor: Decodable, Equatable {
    var kind: String
    var resizes: Bool
    var size: [String: Int]
    var resampling: Int
    var centerCrops: Bool
    var cropHeight, cropWidth: Int
    var rescales: Bool
    var rescaleFactor: Double
    var normalizes: Bool
    var mean, standardDeviation: [Double]
    var pads, convertsToRGB: Bool
    var pinpoints: [[Int]]

    init(_ config: PreprocessorConfig) {
        kind = config.kind.rawValue
        resizes = config.resizes
        switch config.size {
        case .shortestEdge(let edge): size = ["shortest_edge": edge]
        case .exact(let height, let width): size = ["height": height, "width": width]
        }
        resampling = config.resampling.rawValue
        centerCrops = config.centerCrops
        cropHeight = config.cropHeight
        cropWidth = config.cropWidth
        rescales = config.rescales
        rescaleFactor = config.rescaleFactor
        normalizes = config.normalizes
        mean = config.mean
        standardDeviation = config.standardDeviation
        pads = config.pads
        convertsToRGB = config.convertsToRGB
        pinpoints = config.pinpoints.map { [$0.height, $0.width] }
    }
}
