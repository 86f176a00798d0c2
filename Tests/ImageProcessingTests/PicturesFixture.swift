import Foundation
import ImageProcessing
import Testing

/// Pictures as phones, scanners and tools write them, and what Pillow makes of each (tools/fixtures/pictures.py).
struct PicturesFixture: Decodable {
    struct Case: Decodable {
        var name: String
        var bytes: Data
        var width: Int?
        var height: Int?
        /// Of the upright pixels; nil for what is to be refused.
        var checksum: String?
        /// Pillow's words where it does not read the file, also where it fails for a note beside the pixels alone.
        var refused: String?
    }

    var schema: Int
    var cases: [Case]

    static func load() throws -> [Case] {
        try ["pictures.json", "orientations.json"].flatMap {
            try JSONDecoder().decode(PicturesFixture.self, from: Data(contentsOf: try ImagesFixture.url($0))).cases
        }
    }

    /// The cases whose names begin so.
    static func cases(_ prefix: String) throws -> [Case] { try load().filter { $0.name.hasPrefix(prefix) } }

    static func named(_ name: String) throws -> Data { try #require(try load().first { $0.name == name }).bytes }
}
