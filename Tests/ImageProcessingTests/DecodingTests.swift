import Foundation
import HiRED
import Testing

@testable import ImageProcessing

@Suite struct DecodingTests {
    @Test func filesDecodeAsPillowDecodesThem() throws {
        let fixture = try ImagesFixture.load()
        #expect(fixture.files.count >= 20)
        for file in fixture.files {
            let image = try ImageDecoder().decode(contentsOf: ImagesFixture.url("files/\(file.name)"))
            let expected = try Data(contentsOf: ImagesFixture.url("files/\(file.name).rgb"))
            #expect((image.width, image.height) == (file.width, file.height), "\(file.name)")
            try #require(image.pixels.count == expected.count, "\(file.name)")
            let largest = zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }.max() ?? 0
            #expect(largest <= file.tolerance, "\(file.name) differs by \(largest)")
        }
    }

    @Test func cutFilesAreErrorsAndNeverTraps() throws {
        for file in try ImagesFixture.load().files {
            let whole = try Data(contentsOf: ImagesFixture.url("files/\(file.name)"))
            for length in stride(from: 0, to: whole.count * 9 / 10, by: max(whole.count / 60, 1)) {
                #expect(throws: ImageError.self, "\(file.name) cut to \(length)") {
                    try ImageDecoder().decode(whole.prefix(length), name: file.name)
                }
            }
        }
    }

    @Test func flippedBytesNeverTrap() throws {
        var generator = SplitMix64(seed: 11)
        var outcomes = (decoded: 0, refused: 0)
        for file in try ImagesFixture.load().files {
            let whole = try Data(contentsOf: ImagesFixture.url("files/\(file.name)"))
            for _ in 0..<60 {
                var damaged = [UInt8](whole)
                for _ in 0..<3 {
                    damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(
                        in: 0...255, using: &generator)
                }
                do {
                    let image = try ImageDecoder(pixelLimit: 4_000_000).decode(Data(damaged), name: file.name)
                    #expect(image.pixels.count == 3 * image.width * image.height)
                    outcomes.decoded += 1
                } catch is ImageError {
                    outcomes.refused += 1
                }
            }
        }
        #expect(outcomes.decoded > 0)
        #expect(outcomes.refused > 0)
    }

    @Test func hugeHeadersAreRefusedBeforeMemoryIsTaken() throws {
        // Signature and header chunk of a 30000×30000 PNG; the checksum is right.
        let header: [UInt8] = [
            0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x75, 0x30, 0, 0,
            0x75, 0x30, 8, 2, 0, 0, 0, 0xE9, 0x45, 0x6F, 0xED,
        ]
        let whole = Data(header + [0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xAF, 0x06, 0x1E])
        let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(whole, name: "huge.png") }
        #expect(error == .tooLarge(name: "huge.png", width: 30000, height: 30000, limit: 100_000_000))
    }

    @Test func otherThingsAreRefused() {
        #expect(throws: ImageError.empty(name: "a")) { try ImageDecoder().decode(Data(), name: "a") }
        #expect(throws: ImageError.notAnImage(name: "b")) {
            try ImageDecoder().decode(Data("no picture".utf8), name: "b")
        }
        #expect(throws: ImageError.missing(path: "/nowhere.png")) {
            try ImageDecoder().decode(contentsOf: URL(fileURLWithPath: "/nowhere.png"))
        }
    }
}
