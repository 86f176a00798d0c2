import Foundation
import HiRED
import ImageProcessing
import Testing

/// How InternVL's slow processor cuts pictures (tools/fixtures/internvl_views.py).
private struct InternVLImages: Decodable {
    struct Counts: Decodable {
        var fewest: Int
        var most: Int
        /// Width, height, rows, columns.
        var grids: [[Int]]
    }
    struct Views: Decodable {
        var side: Int
        var fewest: Int
        var most: Int
        var width: Int
        var height: Int
        var views: Int
        var checksum: String
    }

    var schema: Int
    var counts: [Counts]
    var views: [Views]

    init() throws {
        self = try JSONDecoder().decode(
            Self.self, from: Data(contentsOf: try ImagesFixture.url("internvl.json")))
        try #require(schema == 1)
    }
}

@Suite struct InternVLTests {
    @Test func gridsAndTokenCountsEqualTransformers() throws {
        let fixture = try InternVLImages()
        #expect(fixture.counts.count == 5)
        for counts in fixture.counts {
            #expect(counts.grids.count >= 60)
            let preparation = ImagePreparation(
                .closestGrid(tiles: counts.fewest...counts.most), viewSize: 448, patchSize: 28)
            for stated in counts.grids {
                let (rows, columns) = (stated[2], stated[3])
                let layout = try preparation.layout(for: PixelSize(width: stated[0], height: stated[1]))
                let place: Comment = "\(stated), \(counts.fewest) to \(counts.most)"
                if rows * columns == 1 {
                    #expect(layout.tileCount == 0, place)
                } else {
                    #expect([layout.tileRows, layout.tileColumns] == [rows, columns], place)
                }
                #expect(layout.fullTokenCount == 256 * (rows * columns == 1 ? 1 : rows * columns + 1), place)
            }
        }
    }

    /// Pixel for pixel, the full view first.
    @Test func viewsEqualTheSlowProcessors() throws {
        let fixture = try InternVLImages()
        #expect(fixture.views.count >= 20)
        for stated in fixture.views {
            // A single view is resized with the file's own filter; tiles always by bicubic interpolation.
            let preparation = ImagePreparation(
                .closestGrid(tiles: stated.fewest...stated.most), viewSize: stated.side, patchSize: stated.side / 4,
                filter: stated.most == 1 ? .bilinear : .bicubic)
            let partitions = try preparation.prepare(drawn(width: stated.width, height: stated.height))
            #expect(partitions.layout.partitionCount == stated.views)
            var bytes: [UInt8] = []
            var view = [UInt8](repeating: 0, count: 3 * stated.side * stated.side)
            for number in 0..<partitions.layout.partitionCount {
                view.withUnsafeMutableBufferPointer { partitions.write(view: number, to: $0) }
                bytes += view
            }
            #expect(checksum(bytes) == stated.checksum, "\(stated)")
        }
    }

    @Test func strippedPicturesAreRefused() throws {
        let preparation = ImagePreparation(.closestGrid(tiles: 1...12), viewSize: 448, patchSize: 28)
        #expect(throws: ImageError.self) { try preparation.layout(for: PixelSize(width: 1 << 24, height: 1)) }
        #expect(throws: ImageError.self) { try preparation.layout(for: PixelSize(width: 448, height: 15_000_000)) }
    }
}
