import Foundation
import HiRED
import Testing

@testable import ImageProcessing

/// What Transformers' slow processors make of pictures under settings that are not CLIP's own
/// (tools/fixtures/image_processors.py).
struct ProcessorsFixture: Decodable {
    struct Size: Decodable {
        var shortestEdge: Int?
        var height: Int?
        var width: Int?
    }
    struct Picture: Decodable {
        var width: Int
        var height: Int
        var views: Int
        var checksum: String
    }
    struct Case: Decodable {
        var kind: String
        var size: Size?
        var resample: Int?
        var doPad: Bool?
        var doResize: Bool?
        var doCenterCrop: Bool?
        var pictures: [Picture]
    }
    struct Resized: Decodable {
        var from: [Int]
        var to: [Int]
        var resample: Int
        var checksum: String
    }

    var viewSize: Int
    /// Height and width.
    var pinpoints: [[Int]]
    var cases: [Case]
    var resizes: [Resized]

    static func load() throws -> ProcessorsFixture {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            ProcessorsFixture.self, from: Data(contentsOf: try ImagesFixture.url("processors.json")))
    }

    /// By Pillow's numbers.
    static let filters: [ResamplingFilter] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]

    func preparation(_ test: Case) -> ImagePreparation {
        let variant: ImagePreparation.Variant
        if test.kind == "next" {
            variant = .anyResolution(pinpoints.map { PixelSize(width: $0[1], height: $0[0]) })
        } else {
            var view = SingleView(size: .unchanged)
            if test.doPad == true { view.ground = RGBColour(red: 122, green: 116, blue: 104) }
            if test.doResize != false, let size = test.size {
                view.size =
                    size.shortestEdge.map { .shortestEdge($0) }
                    ?? .exact(PixelSize(width: size.width ?? 0, height: size.height ?? 0))
            }
            variant = .single(view)
        }
        return ImagePreparation(
            variant, viewSize: viewSize, patchSize: 14, filter: test.resample.map { Self.filters[$0] } ?? .bicubic)
    }
}

@Suite struct ProcessorTests {
    @Test func everySettingGivesTheReferencesPixels() throws {
        let fixture = try ProcessorsFixture.load()
        #expect(fixture.cases.count >= 40)
        for test in fixture.cases {
            for picture in test.pictures {
                let partitions = try fixture.preparation(test).prepare(
                    drawn(width: picture.width, height: picture.height))
                #expect(partitions.layout.partitionCount == picture.views)
                var bytes: [UInt8] = []
                var view = [UInt8](repeating: 0, count: 3 * fixture.viewSize * fixture.viewSize)
                for number in 0..<partitions.layout.partitionCount {
                    view.withUnsafeMutableBufferPointer { partitions.write(view: number, to: $0) }
                    bytes += view
                }
                #expect(checksum(bytes) == picture.checksum, "\(test) \(picture.width)×\(picture.height)")
            }
        }
    }

    @Test func everyFilterEqualsPillow() throws {
        let fixture = try ProcessorsFixture.load()
        #expect(fixture.resizes.count >= 50)
        for test in fixture.resizes {
            let resize = Resize(
                PlacedImage(drawn(width: test.from[0], height: test.from[1])),
                to: PixelSize(width: test.to[0], height: test.to[1]), filter: ProcessorsFixture.filters[test.resample])
            // At once, and in strips of three rows and weights for one column.
            for limit in [Resize.standardByteLimit, 1] {
                let image = resize.part(columns: 0..<test.to[0], rows: 0..<test.to[1], byteLimit: limit)
                #expect(checksum(image.pixels) == test.checksum, "\(test) \(limit)")
            }
        }
    }

    /// The strips and the ground that is never made give what the whole picture on a real ground gives.
    @Test(arguments: ResamplingFilter.allCases) func stripsEqualTheWhole(_ filter: ResamplingFilter) throws {
        let colour = RGBColour(red: 122, green: 116, blue: 104)
        for (width, height) in [(61, 40), (40, 61), (1, 300), (300, 1), (2, 3), (127, 5), (90, 90)] {
            let image = drawn(width: width, height: height)
            let side = max(width, height)
            var ground: [UInt8] = []
            let left = (side - width) / 2
            let top = (side - height) / 2
            image.withUnsafePixels { pixels in
                for y in 0..<side {
                    for x in 0..<side {
                        let isInside = (left..<(left + width)).contains(x) && (top..<(top + height)).contains(y)
                        let from = 3 * ((y - top) * width + x - left)
                        ground += isInside ? Array(pixels[from..<(from + 3)]) : [colour.red, colour.green, colour.blue]
                    }
                }
            }
            let real = PlacedImage(RGBImage(width: side, height: side, pixels: ground))
            let implied = PlacedImage(squaring: image, colour: colour)
            for size in [
                PixelSize(width: 24, height: 24), PixelSize(width: 17, height: 130), PixelSize(width: side, height: 9),
            ] {
                for (columns, rows) in [(0..<size.width, 0..<size.height), (size.width / 3..<size.width - 1, 3..<8)] {
                    let expected = Resize(real, to: size, filter: filter).part(columns: columns, rows: rows)
                    for limit in [Resize.standardByteLimit, 5000, 1] {
                        for source in [implied, real] {
                            let made = Resize(source, to: size, filter: filter).part(
                                columns: columns, rows: rows, byteLimit: limit)
                            #expect(made == expected, "\(width)×\(height) to \(size), \(limit)")
                        }
                    }
                }
            }
        }
    }
}
