import Foundation
import HiRED
import Testing

@testable import ImageProcessing

/// Small real files, altered by chance with a fixed seed: whatever comes of them, the process goes on and memory stays
/// bounded.
@Suite struct MutatedPictureTests {
    private static let roundsPerFile = 16

    @Test func alteredPicturesDecodeOrAreRefused() throws {
        var generator = SplitMix64(seed: 20_261_127)
        let cases = try PicturesFixture.load()
        let donors = cases.map { [UInt8]($0.bytes) }
        let decoder = ImageDecoder(pixelLimit: 1_000_000)
        var outcomes = (decoded: 0, refused: 0)
        for whole in donors {
            for _ in 0..<Self.roundsPerFile {
                let bytes = Data(Self.altered(whole, donors, &generator))
                do {
                    let size = try decoder.size(of: bytes, name: "altered")
                    #expect(size.width * size.height <= decoder.pixelLimit)
                    let image = try decoder.decode(bytes, name: "altered")
                    #expect((image.width, image.height) == (size.width, size.height))
                    outcomes.decoded += 1
                } catch is ImageError {
                    outcomes.refused += 1
                }
            }
        }
        #expect(outcomes.decoded > 500)
        #expect(outcomes.refused > 500)
    }

    /// A few changes: bytes set, flipped, cut out, doubled, replaced by those of another file, numbers made extreme.
    private static func altered(
        _ whole: [UInt8], _ donors: [[UInt8]], _ generator: inout SplitMix64
    ) -> [UInt8] {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...4, using: &generator) where bytes.count > 8 {
            // Headers are small, and most of what can go wrong is in them.
            let reach = Bool.random(using: &generator) ? min(bytes.count, 64) : bytes.count
            let place = Int.random(in: 0..<reach, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...12, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] = .random(in: 0...255, using: &generator)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4:
                let extremes: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
                let value = extremes.randomElement(using: &generator) ?? 0
                for index in place..<min(place + 4, bytes.count) { bytes[index] = value }
            default:
                let donor = donors.randomElement(using: &generator) ?? whole
                let from = Int.random(in: 0..<donor.count, using: &generator)
                bytes.replaceSubrange(place..<end, with: donor[from...].prefix(40))
            }
        }
        return bytes
    }
}
