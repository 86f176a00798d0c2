// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Checkpoints
import Foundation
import Testing

/// What Transformers computed from a tiny checkpoint (tools/parity).
struct ParityFixture {
    struct Reference: Decodable {
        struct Case: Decodable {
            struct Selection: Decodable {
                var percent: Int
                var budget: Int
                var budgets: [Int]
                var scores: [Double]
                var kept: [[Int]]
                var tokens: [Int32]
            }
            var name: String
            var images: [String]
            var prompt: String
            var image_tokens: Int
            var input_ids: [Int32]
            var tokens: [Int32]
            var hired: [Selection]?
        }
        var schema: Int
        var cases: [Case]
    }

    let checkpoint: URL
    let images: URL
    let reference: Reference
    private let arrays: MappedWeights

    static let names = [
        "llava-cls", "llava-crop", "llava-layers", "llava-pad", "next-bf16", "next-f32", "next-gqa", "next-mha",
        "next-mistral", "next-qwen2", "next-sharded", "next-sharded-modules", "next-sparse-config",
    ]

    init(_ name: String) throws {
        let root = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/parity")
        let folder = root.appending(path: name)
        checkpoint = folder.appending(path: "checkpoint")
        images = root.appending(path: "images")
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

    func has(_ name: String) -> Bool { arrays.tensors[name] != nil }
}

/// The largest difference, as a share of the largest magnitude of the reference.
func relativeDifference(_ values: [Float], _ reference: [Float]) throws -> Float {
    try #require(values.count == reference.count)
    let scale = reference.map(abs).max() ?? 0
    let difference = zip(values, reference).map { abs($0 - $1) }.max() ?? 0
    return scale == 0 ? difference : difference / scale
}
