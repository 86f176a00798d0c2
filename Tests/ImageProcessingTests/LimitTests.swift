import Failures
import Foundation
import HiRED
import Testing

@testable import ImageProcessing

/// Work and memory stay bounded, and the bounds can be raised.
@Suite struct LimitTests {
    @Test func thePixelLimitCanBeRaised() throws {
        let data = try PicturesFixture.named("png-no-end")
        let error = #expect(throws: ImageError.self) {
            try ImageDecoder(pixelLimit: 300).decode(data, name: "a.png")
        }
        #expect(error?.kind == .tooLarge)
        #expect(
            error?.remedy
                == .anyOf([.give(.maximumPixels, "391 or more"), .advice("make the picture smaller")]))
        #expect(error?.problem == "is 23×17 pixels, more than the limit of 300")
        #expect(try ImageDecoder(pixelLimit: 391).decode(data, name: "a.png").width == 23)
        #expect(try ImageDecoder(pixelLimit: .max).decode(data, name: "a.png").width == 23)
    }

    /// Without a limit, what a header claims still must not end the process.
    @Test func claimsBeyondTheMachinesMemoryAreRefused() throws {
        let unlimited = ImageDecoder(pixelLimit: .max)
        var png = [UInt8](try PicturesFixture.named("png-no-end"))
        png.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
        // IHDR's own checksum for these sides.
        png.replaceSubrange(29..<33, with: [0x9B, 0xAB, 0x9C, 0x31])
        let error = #expect(throws: ImageError.self) { try unlimited.decode(Data(png), name: "a") }
        #expect(error == .tooLargeForMemory(name: "a", width: 0x7FFF_FFFF, height: 0x7FFF_FFFF))
    }

    /// A scan costs ten bytes of file and touches every pixel.
    @Test func jpegsOfThousandsOfScansAreRefused() throws {
        let progressive = try PicturesFixture.named("progressive-cut-1") + Data([0xD9])
        let bytes = [UInt8](progressive)
        let start = try #require((0..<bytes.count - 1).last { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA })
        let scan = bytes[start..<(bytes.count - 2)]
        func repeated(_ count: Int) -> Data {
            Data(bytes[..<start]) + Data((0..<count).flatMap { _ in scan }) + Data([0xFF, 0xD9])
        }
        #expect(try ImageDecoder().decode(repeated(1), name: "a").width == 23)
        #expect(try ImageDecoder().decode(repeated(200), name: "a").width == 23)
        let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(repeated(5000), name: "a") }
        #expect(error == .malformed(name: "a", reason: "it has more scans than any picture needs"))
        #expect(ImageDecoder.scanLimit(PixelSize(width: 4000, height: 3000)) == 333)
        #expect(ImageDecoder.scanLimit(PixelSize(width: 65500, height: 65500)) == 64)
    }

    private func check(_ variant: ImagePreparation.Variant, _ width: Int, _ height: Int) throws {
        let preparation = ImagePreparation(variant, viewSize: 336, patchSize: 14)
        let image = RGBImage(width: width, height: height, pixels: [UInt8](repeating: 200, count: 3 * width * height))
        let views = try preparation.prepare(image)
        #expect(views.fullView.width == 336)
        // The middle of the middle shows the picture, whatever is beside it.
        if case .anyResolution = variant { #expect(views.fullView.pixels.allSatisfy { $0 == 200 }) }
    }

    /// Strips of a million pixels and more: without their ground, and without all rows between the passes.
    @Test func thinPicturesAreCutInLittleMemory() throws {
        let resolutions = [PixelSize(width: 672, height: 336), PixelSize(width: 336, height: 672)]
        for (width, height) in [(1, 1_000_000), (1_000_000, 1)] {
            try check(.anyResolution(resolutions), width, height)
            try check(.padToSquare(red: 1, green: 2, blue: 3), width, height)
            try check(.centreCrop(shortestEdge: 336), width, height)
            try check(.centreCrop(shortestEdge: 224), width, height)
        }
    }

    @Test func whatWouldTakeLongIsRefused() throws {
        let next = ImagePreparation(
            .anyResolution([PixelSize(width: 672, height: 336)]), viewSize: 336, patchSize: 14)
        let crop = ImagePreparation(.centreCrop(shortestEdge: 336), viewSize: 336, patchSize: 14)
        let size = PixelSize(width: 2, height: 3_000_000)
        #expect(throws: ImageError.tooElongated(width: 2, height: 3_000_000)) { try next.layout(for: size) }
        #expect(try crop.layout(for: size).partitionCount == 1)
        for preparation in [next, crop] {
            for size in [PixelSize(width: 1, height: 1 << 24), PixelSize(width: 1 << 31, height: 1)] {
                #expect(throws: ImageError.tooElongated(width: size.width, height: size.height)) {
                    try preparation.layout(for: size)
                }
            }
        }
        // 336 times as long is more than a computer counts with.
        #expect(throws: ImageError.self) { try crop.layout(for: PixelSize(width: 1, height: 9_000_000)) }
    }
}
