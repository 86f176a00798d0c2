import Failures
import Foundation
import HiRED
import Testing

@testable import ImageProcessing

/// Pictures as phones, scanners and tools write them (tools/fixtures/wild_images.py): read as Pillow 11.3 reads them.
@Suite struct WildPictureTests {
    private struct Fixture: Decodable {
        struct File: Decodable {
            struct Picture: Decodable {
                var width: Int
                var height: Int
                var checksum: String
            }
            var name: String
            var picture: Picture?
        }
        struct Resize: Decodable {
            var from: [Int]
            var to: [Int]
            var filter: String
            var checksum: String
        }
        struct Preparation: Decodable {
            var width: Int
            var height: Int
            var kind: String
            var filter: String
            var checksum: String
        }
        var files: [File]
        var resizes: [Resize]
        var preparations: [Preparation]
    }

    private static func fixture() throws -> Fixture {
        try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: ImagesFixture.url("wild/wild.json")))
    }

    @Test func whatPillowReadsIsReadToTheSamePixels() throws {
        let files = try Self.fixture().files
        #expect(files.count { $0.picture != nil } > 50)
        #expect(files.count { $0.picture == nil } >= 3)
        for file in files {
            let data = try Data(contentsOf: ImagesFixture.url("wild/\(file.name)"))
            guard let expected = file.picture else {
                #expect(throws: ImageError.self, "\(file.name)") { try ImageDecoder().decode(data, name: file.name) }
                continue
            }
            do {
                let size = try ImageDecoder().size(of: data, name: file.name)
                let image = try ImageDecoder().decode(data, name: file.name)
                #expect((size.width, size.height) == (expected.width, expected.height), "\(file.name)")
                #expect((image.width, image.height) == (expected.width, expected.height), "\(file.name)")
                #expect(checksum(image.pixels) == expected.checksum, "\(file.name)")
            } catch { Issue.record("\(file.name): \(error)") }
        }
    }

    @Test func scansAreBounded() throws {
        let data = try Data(contentsOf: ImagesFixture.url("wild/many-scans.jpg"))
        let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(data, name: "many-scans.jpg") }
        #expect(error == .malformed(name: "many-scans.jpg", reason: "it has more than 100 scans"))
    }

    @Test func everyFilterIsPillows() throws {
        for test in try Self.fixture().resizes {
            let filter = try #require(ResampleFilter(rawValue: test.filter))
            let image = drawn(width: test.from[0], height: test.from[1])
            let resized = Resampling.resize(image, width: test.to[0], height: test.to[1], filter: filter)
            #expect(checksum(resized.pixels) == test.checksum, "\(test)")
        }
    }

    @Test func otherSettingsPrepareAsTransformersDoes() throws {
        let resolutions = [
            PixelSize(width: 112, height: 56), PixelSize(width: 56, height: 112), PixelSize(width: 112, height: 112),
        ]
        let fixture = try Self.fixture().preparations
        #expect(fixture.count >= 30)
        for test in fixture {
            let variant: ImagePreparation.Variant =
                switch test.kind {
                case "exact": .exact(PixelSize(width: 56, height: 56))
                case "tall": .exact(PixelSize(width: 48, height: 70))
                case "crop": .centreCrop(shortestEdge: 56)
                case "small": .centreCrop(shortestEdge: 40)
                case "pad": .padToSquare(red: 122, green: 116, blue: 104)
                default: .anyResolution(resolutions)
                }
            let filter = try #require(ResampleFilter(rawValue: test.filter))
            let views = try ImagePreparation(variant, viewSize: 56, patchSize: 14, filter: filter).prepare(
                drawn(width: test.width, height: test.height))
            var pixels: [UInt8] = []
            for view in 0..<views.layout.partitionCount {
                var bytes = [UInt8](repeating: 0, count: 3 * 56 * 56)
                bytes.withUnsafeMutableBufferPointer { views.write(view: view, to: $0) }
                pixels += bytes
            }
            #expect(checksum(pixels) == test.checksum, "\(test.kind) \(test.width)×\(test.height)")
        }
    }

    /// Strips give the same bits as one piece, and a ground that is not made as one that is.
    @Test(arguments: ResampleFilter.allCases)
    func stripsAreAsGoodAsOnePiece(_ filter: ResampleFilter) {
        for (width, height) in [(3, 700), (700, 3), (90, 61), (61, 90), (1, 300), (300, 1), (64, 64)] {
            let image = drawn(width: width, height: height)
            for (newWidth, newHeight) in [(40, 40), (5, 90), (90, 5)] {
                let (columns, rows) = (newWidth / 4..<newWidth, 1..<newHeight - 1)
                func resized(_ bytes: Int) -> RGBImage {
                    Resampling.resize(
                        image, width: newWidth, height: newHeight, columns: columns, rows: rows, filter: filter,
                        pieceBytes: bytes)
                }
                #expect(resized(900) == resized(64 << 20), "\(width)×\(height) to \(newWidth)×\(newHeight)")
            }
            func padded(_ bytes: Int) -> RGBImage {
                Resampling.resizePadded(image, colour: (122, 3, 255), side: 33, filter: filter, pieceBytes: bytes)
            }
            #expect(padded(300) == padded(64 << 20), "\(width)×\(height) padded")
        }
    }

    /// In bounded memory: the plain way would take gigabytes for each.
    @Test func longStripsAreCut() throws {
        for (width, height) in [(1, 200_000), (200_000, 1)] {
            let image = drawn(width: width, height: height)
            for variant: ImagePreparation.Variant in [
                .padToSquare(red: 1, green: 2, blue: 3), .centreCrop(shortestEdge: 56), .centreCrop(shortestEdge: 20),
                .exact(PixelSize(width: 56, height: 56)),
            ] {
                let views = try ImagePreparation(variant, viewSize: 56, patchSize: 14).prepare(image)
                #expect(views.fullView.width == 56 && views.fullView.height == 56)
            }
        }
    }

    @Test func whatIsNoPictureIsNamed() throws {
        let texts: [(String, ForeignFormat)] = [
            ("GIF89a", .gif), ("%PDF-1.7", .pdf), ("8BPS", .photoshop), ("\n <svg xmlns", .svg),
            ("<?xml version='1.0'?><svg", .svg), ("<!DOCTYPE html>", .page), ("<html>", .page),
            (#"{"error": 1}"#, .json),
            ("version https://git-lfs.github.com/spec/v1", .pointer), ("\0\0\0\u{20}ftypheic", .heif),
            ("\0\0\0\u{20}ftypavif", .avif), ("\0\0\0\u{20}ftypmp42", .video), ("P6 3 3 255", .portable),
            ("II*\0\u{8}\0\0\0", .tiff), ("MM\0*\0\0\0\u{8}", .tiff), ("PK\u{3}\u{4}", .zip),
            ("\0\0\u{1}\0\u{1}", .icon),
            ("BM1234\0\0\0\0" + String(repeating: "x", count: 40), .bmp), ("\0\0\0\u{C}JXL ", .jpegXL),
            ("\0\0\0\u{C}jP  ", .jpeg2000), ("#?RADIANCE", .radiance), ("%!PS", .postScript),
        ]
        for (text, format) in texts {
            let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(Data(text.utf8), name: "x") }
            #expect(error == .unsupported(name: "x", what: format.rawValue), "\(text)")
            #expect(error?.description.contains("convert it") == true)
        }
        #expect(Set(texts.map(\.1)).count > 18)
    }

    @Test func aLimitCanBeRaised() throws {
        let png = try drawn(width: 40, height: 30).pngData()
        let error = #expect(throws: ImageError.self) { try ImageDecoder(pixelLimit: 1199).decode(png, name: "x") }
        #expect(error == .tooLarge(name: "x", width: 40, height: 30, limit: 1199))
        #expect(error?.remedy == .anyOf([.advice("make it smaller"), .give(.maximumPixels, "at least 1200")]))
        #expect(try ImageDecoder(pixelLimit: 1200).decode(png, name: "x").width == 40)
    }

    @Test func pipesAreReadToTheirEnd() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID())")
        #expect(mkfifo(url.path, 0o600) == 0)
        defer { try? FileManager.default.removeItem(at: url) }
        let png = try drawn(width: 400, height: 300).pngData()
        let writer = Thread { try? png.write(to: url) }
        writer.start()
        #expect(try ImageDecoder().decode(contentsOf: url).width == 400)
        if FileManager.default.fileExists(atPath: "/dev/zero") {
            let error = #expect(throws: ImageError.self) {
                try ImageDecoder(pixelLimit: 1000).data(contentsOf: URL(fileURLWithPath: "/dev/zero"))
            }
            #expect(error?.description.contains("does not end") == true)
        }
        let folder = #expect(throws: ImageError.self) {
            try ImageDecoder().data(contentsOf: URL(fileURLWithPath: "/"))
        }
        #expect(folder?.description.contains("directory") == true, "\(folder as Any)")
    }
}
