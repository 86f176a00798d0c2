import Foundation
import HiRED
import Testing

@testable import ImageProcessing

/// Every picture of the fixture that Pillow reads is read to the same pixels.
@Suite struct WildPictureTests {
    private func check(_ prefix: String, atLeast count: Int) throws {
        let cases = try PicturesFixture.cases(prefix)
        #expect(cases.count >= count)
        for test in cases {
            guard test.checksum != nil else {
                #expect(test.refused != nil)
                #expect(throws: ImageError.self, "\(test.name)") {
                    try ImageDecoder().decode(test.bytes, name: test.name)
                }
                continue
            }
            do {
                let image = try ImageDecoder().decode(test.bytes, name: test.name)
                #expect((image.width, image.height) == (test.width, test.height), "\(test.name)")
                #expect(checksum(image.pixels) == test.checksum, "\(test.name)")
                let size = try ImageDecoder().size(of: test.bytes, name: test.name)
                #expect(size == PixelSize(width: image.width, height: image.height), "\(test.name)")
            } catch { Issue.record("\(error)") }
        }
    }

    @Test func jpeg() throws { try check("jpeg", atLeast: 90) }

    @Test func progressiveJPEG() throws { try check("progressive", atLeast: 5) }

    @Test func multiplePictures() throws { try check("mpo", atLeast: 5) }

    @Test func png() throws { try check("png", atLeast: 70) }

    /// A damaged note does not make a picture unusable.
    @Test func picturesWithDamagedNotes() throws { try check("lenient", atLeast: 9) }

    @Test func webP() throws { try check("webp", atLeast: 15) }

    /// Cut anywhere, a picture is refused, or it is whole all the same: never is a part of it shown.
    @Test(arguments: [
        "jpeg-420", "jpeg-progressive-410", "jpeg-cmyk", "jpeg-restart", "jpeg-mpo", "jpeg-thumbnail-in-exif",
        "jpeg-xmp-attribute", "png-colour-2-depth-8", "png-colour-2-depth-8-interlaced", "png-colour-6-depth-8",
        "png-one-byte-data-chunks", "png-eXIf-6", "webp-lossy", "webp-lossless", "webp-lossy-alpha", "webp-exif-plain",
    ])
    func cutPicturesAreRefusedOrWhole(_ name: String) throws {
        let data = try PicturesFixture.named(name)
        let whole = try ImageDecoder().decode(data, name: name)
        for length in 0..<data.count {
            do {
                let image = try ImageDecoder().decode(data.prefix(length), name: name)
                #expect(image == whole, "\(name) cut to \(length) of \(data.count)")
            } catch is ImageError {}
        }
        #expect(throws: ImageError.self) { try ImageDecoder().decode(data.prefix(data.count / 2), name: name) }
    }
}
