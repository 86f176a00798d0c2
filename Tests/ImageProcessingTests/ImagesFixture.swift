import Foundation
import ImageProcessing
import Testing

/// What Pillow and Transformers made of pictures (tools/fixtures/images.py).
struct ImagesFixture: Decodable {
    struct Views: Decodable {
        var views: Int
        var checksum: String
    }
    struct Case: Decodable {
        var width: Int
        var height: Int
        var next: Views
        var crop: String?
        var pad: String
    }
    struct Resize: Decodable {
        var from: [Int]
        var to: [Int]
        var checksum: String
    }
    struct File: Decodable {
        var name: String
        var width: Int
        var height: Int
        /// Largest difference from Pillow's pixels.
        var tolerance: Int
    }

    var schema: Int
    var cases: [Case]
    var resizes: [Resize]
    var files: [File]

    static func load() throws -> ImagesFixture {
        try JSONDecoder().decode(ImagesFixture.self, from: Data(contentsOf: try url("images.json")))
    }

    static func url(_ name: String) throws -> URL {
        try #require(Bundle.module.resourceURL).appending(path: "Fixtures").appending(path: name)
    }
}

/// The fixture's formula.
func drawn(width: Int, height: Int) -> RGBImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for y in 0..<height {
        for x in 0..<width {
            for c in 0..<3 {
                let value = x * 7 + y * 13 + c * 29 + (x * y) % 31 * 5 + (x / 16 + y / 16) % 2 * 90
                pixels.append(UInt8(value & 255))
            }
        }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
}

func checksum(_ bytes: some Sequence<UInt8>) -> String {
    var sum: UInt64 = 0
    var place: UInt64 = 0
    for byte in bytes {
        place += 1
        sum &+= (UInt64(byte) + 1) &* ((place &* 0x9E37_79B9_7F4A_7C15) >> 16)
    }
    return "\(sum)"
}
