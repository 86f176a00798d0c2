import HiRED
import Testing

@testable import ImageProcessing

/// Pixel for pixel what Transformers' slow processors make of decoded RGB.
@Suite struct PreparationTests {
    private func views(_ partitions: ImagePartitions) -> [UInt8] {
        let size = 3 * partitions.viewSize * partitions.viewSize
        var bytes: [UInt8] = []
        var view = [UInt8](repeating: 0, count: size)
        for number in 0..<partitions.layout.partitionCount {
            view.withUnsafeMutableBufferPointer { partitions.write(view: number, to: $0) }
            bytes += view
        }
        // The canvas put together again is the one that was cut.
        let canvas = partitions.canvas()
        for number in 1..<max(partitions.layout.partitionCount, 1) {
            let (row, column) = (
                (number - 1) / partitions.layout.tileColumns, (number - 1) % partitions.layout.tileColumns
            )
            view.withUnsafeMutableBufferPointer {
                canvas.copyRectangle(
                    x: column * partitions.viewSize, y: row * partitions.viewSize, width: partitions.viewSize,
                    height: partitions.viewSize, to: $0)
            }
            #expect(bytes[(number * size)..<((number + 1) * size)].elementsEqual(view))
        }
        return bytes
    }

    private let resolutions = [(672, 336), (336, 672), (672, 672), (336, 1008), (1008, 336)].map {
        PixelSize(width: $0.0, height: $0.1)
    }

    @Test func everySizeEqualsTheReference() throws {
        let fixture = try ImagesFixture.load()
        #expect(fixture.cases.count >= 40)
        for test in fixture.cases {
            let image = drawn(width: test.width, height: test.height)
            let name = "\(test.width)×\(test.height)"
            func partitions(_ variant: ImagePreparation.Variant) throws -> ImagePartitions {
                try ImagePreparation(variant, viewSize: 336, patchSize: 14).prepare(image)
            }
            let next = try partitions(.anyResolution(resolutions))
            #expect(next.layout.partitionCount == test.next.views, "\(name)")
            #expect(checksum(views(next)) == test.next.checksum, "\(name)")
            if let crop = test.crop {
                #expect(checksum(views(try partitions(.centreCrop(shortestEdge: 336)))) == crop, "\(name)")
            }
            let pad = try partitions(.padToSquare(red: 122, green: 116, blue: 104))
            #expect(checksum(views(pad)) == test.pad, "\(name)")
        }
    }

    @Test func resizeEqualsPillow() throws {
        for test in try ImagesFixture.load().resizes {
            let resized = Resize.resize(
                drawn(width: test.from[0], height: test.from[1]), width: test.to[0], height: test.to[1],
                filter: .bicubic)
            #expect(checksum(resized.pixels) == test.checksum, "\(test.from) to \(test.to)")
        }
    }

    @Test func doublesDecideAsTheReferenceDoes() throws {
        let wide = try #require(
            AnyResolution.content(
                of: PixelSize(width: 500, height: 375), on: PixelSize(width: 672, height: 672)))
        #expect((wide.width, wide.height) == (672, 505))
        let square = try #require(
            AnyResolution.content(
                of: PixelSize(width: 600, height: 600), on: PixelSize(width: 672, height: 336)))
        #expect((square.width, square.height) == (337, 336))
        #expect((square.x, square.y) == (167, 0))
    }
}
