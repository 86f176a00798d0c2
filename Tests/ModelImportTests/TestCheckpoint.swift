import Checkpoints
import ElementTypes
import Foundation
import Testing

@testable import ModelImport

/// A copy of one of the tiny checkpoints that the inference tests bring, to be damaged and imported.
final class TestCheckpoint {
    /// A folder that goes away with the object; it holds the copy, and imports of it.
    let scratch: URL
    let url: URL

    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "HiREDInferenceTests/Fixtures")

    /// - Parameter path: under the inference tests' fixtures.
    init(_ path: String = "parity/next-mha/checkpoint") throws {
        scratch = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID().uuidString)")
        url = scratch.appending(path: "checkpoint")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: Self.fixtures.appending(path: path), to: url)
    }

    deinit { try? FileManager.default.removeItem(at: scratch) }

    /// Where imports go: a folder of their own, so that whatever they leave behind is seen.
    var outputs: URL { scratch.appending(path: "outputs") }
    var destination: URL { outputs.appending(path: "model") }
    /// What is beside and at the destination.
    var remains: [String] { (try? FileManager.default.contentsOfDirectory(atPath: outputs.path).sorted()) ?? [] }

    @discardableResult
    func run(
        to destination: URL? = nil, weights: WeightFormat = .int4, vision: WeightFormat = .f16, threads: Int? = 2,
        progress: (ModelImporter.Progress) throws -> Void = { _ in }
    ) throws -> ModelImporter.Summary {
        var options = ModelImporter.Options()
        (options.weights, options.visionWeights, options.threads) = (weights, vision, threads)
        return try ModelImporter(options: options, createdBy: "test")
            .run(CheckpointFolder.open(url), to: destination ?? self.destination, progress: progress)
    }

    func edit(_ name: String, _ body: (inout Data) throws -> Void) throws {
        let file = url.appending(path: name)
        var data = try Data(contentsOf: file)
        try body(&data)
        try data.write(to: file)
    }

    func editConfig(_ body: (inout [String: Any]) throws -> Void) throws {
        try edit("config.json") { data in
            var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            try body(&object)
            data = try JSONSerialization.data(withJSONObject: object)
        }
    }

    /// Overwrites bytes of a tensor of `model.safetensors`.
    func overwrite(_ tensor: String, at offset: Int, with bytes: [UInt8]) throws {
        let start = try #require(try CheckpointFolder.open(url).weights.tensor(tensor).fileOffset)
        try edit("model.safetensors") { data in
            data.replaceSubrange(start + offset..<start + offset + bytes.count, with: bytes)
        }
    }

    /// Every file of a folder by name.
    static func files(_ folder: URL) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: folder.appending(path: $0))) })
    }
}
