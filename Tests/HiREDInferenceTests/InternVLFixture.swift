// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Checkpoints
import Foundation
import ImageProcessing
import ModelImport
import Testing
import VisionEncoding

@testable import HiREDInference

/// What Transformers computed from a tiny InternVL (tools/parity/internvl.py).
struct InternVLFixture {
    struct Reference: Decodable {
        struct Case: Decodable {
            var name: String
            var width: Int
            var height: Int
            /// Rows and columns.
            var grid: [Int]
            var question: String
            /// What the chat template makes of the question, with `<image>` where the picture goes.
            var prompt: String
            var image_tokens: Int
            var input_ids: [Int32]
            var tokens: [Int32]
            var hired: [ParityFixture.Reference.Case.Selection]

            /// Drawn by the formula that the reference was drawn by.
            var picture: ImageInput { .image(Self.drawn(width: width, height: height)) }

            private static func drawn(width: Int, height: Int) -> RGBImage {
                var pixels: [UInt8] = []
                for y in 0..<height {
                    for x in 0..<width {
                        for channel in 0..<3 {
                            let checks = (x / 16 + y / 16) % 2 * 90
                            let value = x * 7 + y * 13 + channel * 29 + (x * y) % 31 * 5 + checks
                            pixels.append(UInt8(value & 255))
                        }
                    }
                }
                return RGBImage(width: width, height: height, pixels: pixels)
            }
        }
        var schema: Int
        var cases: [Case]
    }

    static let names = [
        "llama-final-norm", "llama-modules", "qwen2-f32", "qwen2-few", "qwen2-layer", "qwen2-rms", "qwen2-single",
        "qwen3",
    ]

    let checkpoint: URL
    let reference: Reference
    private let arrays: MappedWeights

    init(_ name: String) throws {
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/internvl/\(name)")
        checkpoint = folder.appending(path: "checkpoint")
        reference = try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: folder.appending(path: "reference.json")))
        #expect(reference.schema == 1)
        #expect(!reference.cases.isEmpty)
        arrays = try MappedWeights(SafetensorsArchive(file: folder.appending(path: "reference.safetensors")))
    }

    func array(_ name: String) throws -> [Float] {
        let entry = try #require(arrays.tensors[name], "no array \(name)")
        return try arrays.withUnsafeBytes(of: entry) { Array($0.bindMemory(to: Float.self)) }
    }

    /// The checkpoint as a model folder.
    func imported(
        weights: WeightFormat = .f16, vision: WeightFormat = .f16, to scratch: Scratch
    ) throws -> URL {
        var options = ModelImporter.Options()
        (options.weights, options.visionWeights) = (weights, vision)
        let destination = scratch.url.appending(path: UUID().uuidString)
        try ModelImporter(options: options, createdBy: "test").run(CheckpointFolder.open(checkpoint), to: destination)
        return destination
    }

    static func load(_ url: URL) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        return try VisionLanguageModel(contentsOf: url, options: options)
    }
}
