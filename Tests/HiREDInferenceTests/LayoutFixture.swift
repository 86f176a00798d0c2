// The names are those of the JSON they are read from.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Testing

/// A checkpoint in the original LLaVA layout, and what Transformers computed from the same weights
/// (tools/parity/layouts.py).
struct LayoutFixture {
    struct Reference: Decodable {
        struct Case: Decodable {
            var image: String
            var question: String
            var image_tokens: Int
            var ids_before: [Int32]
            var ids_after: [Int32]
            var tokens: [Int32]
        }
        var schema: Int
        var cases: [Case]
    }

    let root: URL
    let home: URL
    let reference: Reference

    var checkpoint: URL { home.appending(path: "checkpoint") }
    /// The vision tower's own folder, where the checkpoint does not hold it.
    var tower: URL? {
        let url = home.appending(path: "tower")
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }

    init(_ name: String) throws {
        root = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/layouts")
        home = root.appending(path: name)
        reference = try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: home.appending(path: "reference.json")))
        #expect(reference.schema == 1)
        #expect(reference.cases.count == 3)
    }
}
