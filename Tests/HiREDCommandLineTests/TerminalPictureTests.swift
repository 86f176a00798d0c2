import Foundation
import HiREDInference
import Testing

@testable import HiREDCommandLine

/// Pictures as terminals are sent them, decoded again here.
@Suite struct TerminalPictureTests {
    /// A ramp in each channel and some bars, of a size that nothing divides.
    private static func picture(width: Int = 67, height: Int = 45) -> RGBImage {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let bar: UInt8 = (x / 9 + y / 7) % 2 == 0 ? 255 : 0
                pixels += [UInt8(x * 255 / max(width - 1, 1)), UInt8(y * 255 / max(height - 1, 1)), bar]
            }
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }

    @Test func kittyPicturesHoldThePixels() throws {
        // Noise, so that the file takes several pieces.
        var state: UInt32 = 1
        let noise = (0..<(3 * 80 * 60)).map { _ -> UInt8 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
        let image = RGBImage(width: 80, height: 60, pixels: noise)
        let text = try KittyPicture.text(image, columns: 40, rows: 12)
        let pieces = text.components(separatedBy: "\u{1B}\\")
        #expect(pieces.last == "" && pieces.count > 3)
        var letters = ""
        for (number, piece) in pieces.dropLast().enumerated() {
            let halves = piece.split(separator: ";", maxSplits: 1)
            try #require(halves.count == 2 && halves[0].hasPrefix("\u{1B}_G"))
            let keys = Set(halves[0].dropFirst(3).split(separator: ","))
            #expect(keys.contains(number == pieces.count - 2 ? "m=0" : "m=1"))
            #expect(keys.isSuperset(of: ["a=T", "f=100", "q=2", "c=40", "r=12"]) == (number == 0))
            // The protocol's limit; all but the last are whole groups of base64.
            #expect(halves[1].utf8.count <= 4096 && halves[1].utf8.count % 4 == 0)
            letters += halves[1]
        }
        let file = try #require(Data(base64Encoded: letters))
        #expect(try ImageDecoder().decode(file, name: "kitty") == image)
    }

    @Test func sixelsHoldThePicture() throws {
        for (width, height) in [(67, 45), (1, 1), (5, 6), (300, 13)] {
            let image = Self.picture(width: width, height: height)
            let decoded = try Sixels(SixelPicture.text(image))
            #expect((decoded.width, decoded.height) == (width, height))
            let (is_, was) = (decoded.pixels, image.pixels)
            try #require(is_.count == was.count)
            // No channel is off by more than the step between two levels, and both ends stay.
            for place in was.indices {
                #expect(abs(Int(is_[place]) - Int(was[place])) <= 52, "\(place)")
                if was[place] == 0 || was[place] == 255 { #expect(is_[place] == was[place]) }
            }
            // Dithered: the mean of a channel is that of the picture.
            if width * height > 1000 {
                for channel in 0..<3 {
                    func mean(_ pixels: [UInt8]) -> Double {
                        stride(from: channel, to: pixels.count, by: 3).reduce(0.0) { $0 + Double(pixels[$1]) }
                            / Double(pixels.count / 3)
                    }
                    #expect(abs(mean(is_) - mean(was)) < 3)
                }
            }
        }
    }

    @Test func blocksHoldThePixels() throws {
        for (width, height) in [(67, 45), (1, 1), (4, 2)] {
            let image = Self.picture(width: width, height: height)
            #expect(try Blocks.decode(BlockPicture.text(image, isDirect: true)) == image)
            let few = try Blocks.decode(BlockPicture.text(image, isDirect: false))
            for (is_, was) in zip(few.pixels, image.pixels) { #expect(abs(Int(is_) - Int(was)) <= 48) }
        }
    }

    @Test func picturesFitTheTerminal() throws {
        let image = Self.picture(width: 1020, height: 672)
        let small = Terminal.Size(columns: 40, rows: 12, cellWidth: 10, cellHeight: 20)
        let blocks = try TerminalPicture.text(image, as: .blocks, in: small)
        let drawn = try Blocks.decode(blocks)
        #expect(drawn.width <= 40 && drawn.height <= 20 && drawn.height > 15)
        let sixels = try Sixels(TerminalPicture.text(image, as: .sixel, in: small))
        #expect(sixels.width <= 400 && sixels.height <= 200 && sixels.height > 190)
        let kitty = try TerminalPicture.text(image, as: .kitty, in: small)
        #expect(kitty.contains("c=30,r=10,"))
        // Small ones stay as they are.
        let icon = Self.picture(width: 20, height: 10)
        #expect(try Blocks.decode(TerminalPicture.text(icon, as: .blocks, in: Terminal.Size())) == icon)
    }

    @Test func theEnvironmentSaysWhatATerminalCan() {
        func known(_ environment: [String: String]) -> TerminalGraphics? { .known(from: environment) }
        #expect(known(["TERM": "xterm-kitty"]) == .kitty)
        #expect(known(["TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"]) == .kitty)
        #expect(known(["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"]) == .kitty)
        #expect(known(["TERM": "xterm-256color"]) == nil)
        // What is outside a multiplexer says nothing of what it passes on.
        #expect(known(["TERM": "tmux-256color", "KITTY_WINDOW_ID": "1", "TMUX": "/tmp/x"]) == nil)
        #expect(known(["TERM": "screen", "TERM_PROGRAM": "WezTerm"]) == nil)
        #expect(known(["TERM": "linux"]) == .blocks)
        #expect(known([:]) == .blocks)
        #expect(known(["TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"]) == .blocks256)
    }

    @Test func theAnswerOfATerminalIsRead() {
        func graphics(_ answer: String) -> TerminalGraphics? {
            let bytes = Array(answer.utf8)
            return TerminalGraphics.isWhole(bytes) ? TerminalGraphics(answer: bytes) : nil
        }
        #expect(graphics("\u{1B}_Gi=31;OK\u{1B}\\\u{1B}[?62;c") == .kitty)
        #expect(graphics("\u{1B}_Gi=31;ENOTSUP:no\u{1B}\\\u{1B}[?62;4;22c") == .sixel)
        #expect(graphics("\u{1B}[?65;4c") == .sixel)
        #expect(graphics("\u{1B}[?64;14;40c") == .blocks)
        // Not whole: the wait goes on, and ends in blocks.
        #expect(graphics("\u{1B}_Gi=31;OK\u{1B}\\") == nil)
        #expect(graphics("\u{1B}[?62;4") == nil)
        #expect(graphics("") == nil)
        #expect(TerminalGraphics(answer: []) == .blocks)
        #expect(TerminalGraphics(answer: [0xFF, 0x00, 0x1B]) == .blocks)
    }
}

/// A reader of sixels, after DEC's description.
private struct Sixels {
    var width = 0
    var height = 0
    private(set) var pixels: [UInt8] = []

    private struct Damaged: Error {}

    init(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        if bytes.last == UInt8(ascii: "\n") { bytes = bytes.dropLast() }
        let (start, end) = (Array("\u{1B}P0;1q\"".utf8), Array("\u{1B}\\".utf8))
        guard bytes.starts(with: start), bytes.suffix(2).elementsEqual(end) else { throw Damaged() }
        bytes = bytes.dropFirst(start.count).dropLast(2)
        func numbers() throws -> [Int] {
            var list: [Int] = [], digits = ""
            while let byte = bytes.first, byte == UInt8(ascii: ";") || (48...57).contains(byte) {
                bytes = bytes.dropFirst()
                if byte == UInt8(ascii: ";") {
                    guard let number = Int(digits) else { throw Damaged() }
                    list.append(number)
                    digits = ""
                } else {
                    digits.unicodeScalars.append(Unicode.Scalar(byte))
                }
            }
            guard let number = Int(digits) else { throw Damaged() }
            return list + [number]
        }
        let raster = try numbers()
        guard raster.count == 4, raster[0] == 1, raster[1] == 1 else { throw Damaged() }
        (width, height) = (raster[2], raster[3])
        var painted = [Int?](repeating: nil, count: width * height)
        var (palette, colour, x, y): ([Int: [UInt8]], Int, Int, Int) = ([:], 0, 0, 0)
        while let byte = bytes.first {
            bytes = bytes.dropFirst()
            var (letter, count) = (byte, 1)
            switch byte {
            case UInt8(ascii: "#"):
                let list = try numbers()
                colour = list[0]
                if list.count == 5 {
                    guard list[1] == 2, list[2...].allSatisfy({ (0...100).contains($0) }) else { throw Damaged() }
                    palette[colour] = list[2...].map { UInt8(($0 * 255 + 50) / 100) }
                }
                continue
            case UInt8(ascii: "$"):
                x = 0
                continue
            case UInt8(ascii: "-"):
                (x, y) = (0, y + 6)
                continue
            case UInt8(ascii: "!"):
                count = try numbers()[0]
                guard let next = bytes.first else { throw Damaged() }
                letter = next
                bytes = bytes.dropFirst()
            default: break
            }
            guard (63...126).contains(letter), palette[colour] != nil else { throw Damaged() }
            for _ in 0..<count {
                for bit in 0..<6 where (letter - 63) & (1 << bit) != 0 {
                    guard x < width, y + bit < height, painted[(y + bit) * width + x] == nil else { throw Damaged() }
                    painted[(y + bit) * width + x] = colour
                }
                x += 1
            }
        }
        for place in painted {
            guard let place, let rgb = palette[place] else { throw Damaged() }
            pixels += rgb
        }
    }
}

/// A reader of half blocks.
private enum Blocks {
    private struct Damaged: Error {}

    static func decode(_ text: String) throws -> RGBImage {
        var rows: [[UInt8]] = []
        for line in text.split(separator: "\n") {
            var (upper, lower): ([UInt8], [UInt8]) = ([], [])
            var (letter, ground): ([UInt8]?, [UInt8]?) = (nil, nil)
            var rest = line[...]
            while let character = rest.first {
                rest = rest.dropFirst()
                if character == "▀" {
                    guard let letter else { throw Damaged() }
                    upper += letter
                    lower += ground ?? []
                    continue
                }
                guard character == "\u{1B}", rest.first == "[", let end = rest.firstIndex(of: "m") else {
                    throw Damaged()
                }
                let numbers = rest[..<end].dropFirst().split(separator: ";").compactMap { Int($0) }
                rest = rest[rest.index(after: end)...]
                switch numbers.first {
                case 0: (letter, ground) = (nil, nil)
                case 49: ground = nil
                case 38: letter = try colour(numbers)
                case 48: ground = try colour(numbers)
                default: throw Damaged()
                }
            }
            // Nothing runs over the end of a line.
            guard letter == nil, ground == nil else { throw Damaged() }
            rows.append(upper)
            if !lower.isEmpty { rows.append(lower) }
        }
        let width = rows[0].count / 3
        guard rows.allSatisfy({ $0.count == 3 * width }) else { throw Damaged() }
        return RGBImage(width: width, height: rows.count, pixels: rows.flatMap { $0 })
    }

    private static func colour(_ numbers: [Int]) throws -> [UInt8] {
        if numbers.count == 5, numbers[1] == 2 { return numbers[2...].map { UInt8($0) } }
        guard numbers.count == 3, numbers[1] == 5, (16...231).contains(numbers[2]) else { throw Damaged() }
        // The cube of xterm's 256 colours.
        let number = numbers[2] - 16
        return [number / 36, number / 6 % 6, number % 6].map { [0, 95, 135, 175, 215, 255][$0] }
    }
}
