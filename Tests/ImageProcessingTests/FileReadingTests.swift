import Failures
import Foundation
import HiRED
import Testing

@testable import ImageProcessing

/// What a path may lead to: files, pipes, devices, folders, and other things than pictures.
@Suite struct FileReadingTests {
    private func url(_ path: String) -> URL { URL(fileURLWithPath: path) }

    /// Writes bytes to a pipe from another thread and gives the path of its other end.
    private func piped<Result>(_ data: Data, _ body: (URL) throws -> Result) rethrows -> Result {
        let pipe = Pipe()
        let writer = Thread {
            try? pipe.fileHandleForWriting.write(contentsOf: data)
            try? pipe.fileHandleForWriting.close()
        }
        writer.start()
        return try body(url("/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"))
    }

    @Test func pipesAreReadToTheirEnd() throws {
        // Longer than a pipe holds.
        let image = drawn(width: 400, height: 300)
        let data = try image.pngData()
        #expect(data.count > 1 << 16)
        #expect(try piped(data) { try ImageDecoder().decode(contentsOf: $0) } == image)
        let small = try PicturesFixture.named("jpeg-exif-long")
        #expect(try piped(small) { try ImageDecoder().decode(contentsOf: $0) }.width == 17)
        #expect(throws: ImageError.self) { try piped(Data()) { try ImageDecoder().decode(contentsOf: $0) } }
    }

    @Test func whatIsNoPictureEndsAtOnce() throws {
        #expect(throws: ImageError.notAnImage(name: "/dev/zero")) {
            try ImageDecoder().data(contentsOf: url("/dev/zero"))
        }
        #expect(throws: ImageError.empty(name: "/dev/null")) { try ImageDecoder().data(contentsOf: url("/dev/null")) }
        #expect(throws: ImageError.missing(path: "/nowhere/a.png")) {
            try ImageDecoder().data(contentsOf: url("/nowhere/a.png"))
        }
        #expect(throws: ImageError.missing(path: "/dev/null/a.png")) {
            try ImageDecoder().data(contentsOf: url("/dev/null/a.png"))
        }
        let folder = FileManager.default.temporaryDirectory
        #expect(throws: ImageError.folder(path: folder.path)) { try ImageDecoder().data(contentsOf: folder) }
    }

    /// A picture that never ends: its start passes, the rest is bounded.
    @Test func endlessPicturesAreBounded() throws {
        let picture = try PicturesFixture.named("png-behind")
        let limit = 1 << 20
        let endless = picture + Data(count: 4 << 20)
        #expect(throws: ImageError.self) {
            try piped(endless) { try PictureFile.read($0.path, byteLimit: limit) { _ in } }
        }
        // Such a limit lets the file through.
        #expect(try piped(endless) { try PictureFile.read($0.path, byteLimit: 5 << 20) { _ in } } == endless)
    }

    @Test(arguments: [
        ("GIF89a....", "GIF"), ("II*\0\u{8}\0\0\0", "TIFF"), ("MM\0*\0\0\0\u{8}", "TIFF"), ("8BPS\0\u{1}", "Photoshop"),
        ("%PDF-1.7\n", "PDF"), ("\0\0\0\u{18}ftypheic\0\0\0\0", "HEIC"), ("\0\0\0\u{18}ftypmif1\0\0\0\0", "HEIC"),
        ("\0\0\0\u{1C}ftypavif\0\0\0\0", "AVIF"), ("\0\0\0\u{14}ftypqt  \0\0\0\0", "video"),
        ("\0\0\0\u{18}ftypmp42\0\0\0\0", "video"), ("\0\0\0\u{C}jP  \r\n", "JPEG 2000"), ("\0\0\u{1}\0\u{1}\0", "icon"),
        ("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG"), ("<?xml version=\"1.0\"?>\n<!-- a -->\n<svg/>", "SVG"),
        ("<?xml version=\"1.0\"?><rss/>", "XML"), ("\n <!DOCTYPE html><html>", "HTML"), ("<html><body>", "HTML"),
        ("{\"error\": \"Not Found\"}", "JSON"), ("[1]", "JSON"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS"),
        ("data:image/png;base64,iVBORw0KGgo=", "data URL"), ("PK\u{3}\u{4}", "zip"), ("P6\n1 1\n255\nabc", "PNM"),
        ("RIFF\0\0\0\0AVI LIST", "AVI"), ("qoif\0\0", "QOI"), ("%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
    ])
    func otherFormatsAreNamed(_ text: String, _ word: String) throws {
        // Latin-1 is the bytes themselves.
        var data = try #require(text.data(using: .isoLatin1))
        if word == "JPEG 2000" { data += Data([0x87, 0x0A]) }
        let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(data, name: "x") }
        guard case .foreign(_, let format) = error else {
            Issue.record("\(word): \(String(describing: error))")
            return
        }
        #expect(format.name.contains(word))
        #expect(error?.description == "x: is \(format.name); \(format.advice)")
    }

    @Test(
        arguments: [
            ([0xFF, 0x0A, 0, 0], "JPEG XL"), ([0xFF, 0x4F, 0xFF, 0x51, 0], "JPEG 2000"), ([0x1F, 0x8B, 8], "gzip"),
            ([0x42, 0x4D, 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0], "BMP"),
            ([0x1A, 0x45, 0xDF, 0xA3], "WebM"),
        ] as [([UInt8], String)])
    func otherBinaryFormatsAreNamed(_ bytes: [UInt8], _ word: String) {
        let error = #expect(throws: ImageError.self) { try ImageDecoder().decode(Data(bytes), name: "x") }
        #expect(error?.description.contains(word) == true)
    }
}
