package import Foundation
import HiRED
import ImageProcessing
import Reporting

/// Eight small data sets in the spirit of the benchmarks, drawn for the demo model: colours, letters, signs, price lists,
/// transcription, presence and bars. The same seed draws the same pictures.
package struct DemoTasks {
    private static let items = [
        "TEA", "COFFEE", "MILK", "BREAD", "RICE", "EGGS", "SOUP", "CAKE", "JUICE", "PIZZA", "SALAD", "FISH", "APPLE",
        "WATER", "PASTA", "TOAST", "SODA", "HONEY", "BEANS", "CORN",
    ]
    private static let words = [
        "OPEN", "CLOSED", "EXIT", "STOP", "SALE", "HOTEL", "BANK", "PARK", "TAXI", "CAFE", "LIBRARY", "MUSEUM",
        "POLICE",
        "BAKERY", "MARKET", "SCHOOL", "CINEMA", "GARAGE", "NORTH", "SOUTH", "DANGER", "PUSH", "PULL", "HELLO", "FRESH",
    ]
    private static let sizes = [(672, 672), (672, 336), (640, 480), (600, 600), (480, 640), (1008, 336)]

    private let glyphs: DemoGlyphs
    private let seed: UInt64

    /// - Throws: `ImageError`.
    package init(seed: UInt64) throws {
        glyphs = try DemoGlyphs()
        self.seed = seed
    }

    /// A line of a data set. Only the columns that its task has are written.
    private struct Line: Encodable {
        var image: String
        var question: String
        var answers: [String]?
        var answer: Answer?
        var choices: [String]?
        var hint: String?
        var category: String?
        var type: String?
        var dataset: String?
        var questionType: String?
        var questionId: String?

        enum Answer: Encodable {
            case text(String), texts([String]), number(Int)

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .text(let text): try container.encode(text)
                case .texts(let texts): try container.encode(texts)
                case .number(let number): try container.encode(number)
                }
            }
        }
    }

    /// A picture, and the lines that ask about it.
    private typealias Drawn = (image: RGBImage, lines: [Line])

    /// Writes all tasks' lines and pictures.
    ///
    /// - Parameter count: pictures of each task.
    /// - Throws: `EvaluationError.cannotWrite`, `ImageError`.
    package func write(to folder: URL, count: Int) throws {
        for (number, task) in EvaluationTask.benchmarks.enumerated() {
            let images = folder.appending(path: "images/\(task.rawValue)")
            do { try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true) } catch {
                throw EvaluationError.cannotWrite(path: images.path, reason: error.localizedDescription)
            }
            var generator = SplitMix64(seed: seed &* 8 &+ UInt64(number))
            var text = Data()
            for place in 0..<count {
                let name = "images/\(task.rawValue)/\(place).png"
                var drawn = draw(task, place, &generator)
                try save(try drawn.image.pngData(), to: folder.appending(path: name))
                for index in drawn.lines.indices {
                    drawn.lines[index].image = name
                    text += try ReportCoding.encode(drawn.lines[index]) + Data("\n".utf8)
                }
            }
            try save(text, to: folder.appending(path: "\(task.rawValue).jsonl"))
        }
    }

    private func save(_ data: Data, to url: URL) throws {
        do { try data.write(to: url) } catch {
            throw EvaluationError.cannotWrite(path: url.path, reason: error.localizedDescription)
        }
    }

    private func draw(_ task: EvaluationTask, _ number: Int, _ generator: inout SplitMix64) -> Drawn {
        switch task {
        case .vqav2: return colours(&generator)
        case .scienceqa: return choices(&generator)
        case .textvqa: return sign(&generator)
        case .docvqa: return prices(&generator)
        case .ocrbench: return transcription(&generator)
        case .mme, .pope: return presence(task, number, &generator)
        case .chartqa: return bars(number, &generator)
        case .questions: preconditionFailure("no benchmark: these are read from a file, and never drawn")
        }
    }

    private func canvas(_ generator: inout SplitMix64) -> DemoCanvas {
        let (width, height) = Self.sizes[Int.random(in: Self.sizes.indices, using: &generator)]
        return DemoCanvas(width: width, height: height, using: &generator)
    }

    private func dark(_ generator: inout SplitMix64) -> DemoCanvas.Colour {
        (
            Int.random(in: 0...70, using: &generator), Int.random(in: 0...70, using: &generator),
            Int.random(in: 0...70, using: &generator)
        )
    }

    /// Shapes of different kinds and colours. The first is always there.
    private func shapes(_ canvas: inout DemoCanvas, _ count: Int, _ generator: inout SplitMix64) -> [(
        kind: DemoCanvas.Shape, colour: String
    )] {
        let kinds = DemoCanvas.Shape.allCases.shuffled(using: &generator)
        let colours = DemoCanvas.colours.shuffled(using: &generator)
        return zip(kinds, colours).prefix(count).compactMap { kind, colour in
            let side = Int.random(in: 70...110, using: &generator)
            guard let place = canvas.room(side, side, using: &generator) else { return nil }
            canvas.shape(kind, place, colour.colour)
            return (kind, colour.name)
        }
    }

    private func write(_ text: String, on canvas: inout DemoCanvas, _ generator: inout SplitMix64) {
        let size = Bool.random(using: &generator) ? DemoGlyphs.large : DemoGlyphs.small
        let colour = dark(&generator)
        guard let place = canvas.room(size.width * text.count, size.height, using: &generator) else { return }
        canvas.text(text, size, glyphs, x: place.x, y: place.y, colour)
    }

    private func colours(_ generator: inout SplitMix64) -> Drawn {
        var canvas = canvas(&generator)
        let drawn = shapes(&canvas, 3, &generator)
        return (
            canvas.image,
            [
                Line(
                    image: "", question: "What color is the \(drawn[0].kind.rawValue)?",
                    answers: [String](repeating: drawn[0].colour, count: 10))
            ]
        )
    }

    /// A choice among colours. The model knows no letters of choices: it names the colour.
    private func choices(_ generator: inout SplitMix64) -> Drawn {
        var canvas = canvas(&generator)
        let drawn = shapes(&canvas, 3, &generator)
        let others = DemoCanvas.colours.map(\.name).filter { $0 != drawn[0].colour }.shuffled(using: &generator)
        let choices = ([drawn[0].colour] + others.prefix(3)).shuffled(using: &generator)
        return (
            canvas.image,
            [
                Line(
                    image: "", question: "What color is the \(drawn[0].kind.rawValue)?",
                    answer: .number(choices.firstIndex(of: drawn[0].colour) ?? 0), choices: choices, hint: "")
            ]
        )
    }

    private func sign(_ generator: inout SplitMix64) -> Drawn {
        var canvas = canvas(&generator)
        let word = Self.words[Int.random(in: Self.words.indices, using: &generator)]
        write(word, on: &canvas, &generator)
        _ = shapes(&canvas, 2, &generator)
        return (
            canvas.image,
            [Line(image: "", question: "What word is written?", answers: [String](repeating: word, count: 10))]
        )
    }

    private func prices(_ generator: inout SplitMix64) -> Drawn {
        let count = Int.random(in: 3...5, using: &generator)
        var canvas = DemoCanvas(width: 640, height: 480, using: &generator)
        let colour = dark(&generator)
        let rows = Self.items.shuffled(using: &generator).prefix(count).map { item in
            (item, "\(Int.random(in: 1...9, using: &generator)).\(Int.random(in: 10...99, using: &generator))")
        }
        let size = DemoGlyphs.small
        let pitch = (canvas.height - 40) / count
        for (row, (item, price)) in rows.enumerated() {
            let y = 20 + row * pitch
            canvas.text(item, size, glyphs, x: 24, y: y, colour)
            canvas.text(price, size, glyphs, x: canvas.width - 30 - size.width * price.count, y: y, colour)
        }
        let (item, price) = rows[Int.random(in: rows.indices, using: &generator)]
        return (
            canvas.image, [Line(image: "", question: "How much is the \(item)?", answers: ["\(item) \(price)"])]
        )
    }

    private func transcription(_ generator: inout SplitMix64) -> Drawn {
        var canvas = canvas(&generator)
        let isNumber = Bool.random(using: &generator)
        let text =
            isNumber
            ? String(Int.random(in: 10...99999, using: &generator))
            : Self.words[Int.random(in: Self.words.indices, using: &generator)]
        write(text, on: &canvas, &generator)
        return (
            canvas.image,
            [
                Line(
                    image: "", question: "What does the image say?", answer: .texts([text]), dataset: "demo",
                    questionType: isNumber ? "Digit String Recognition" : "Regular Text Recognition")
            ]
        )
    }

    /// MME asks twice about a picture, once for what is there and once for what is not; POPE once.
    private func presence(_ task: EvaluationTask, _ number: Int, _ generator: inout SplitMix64) -> Drawn {
        var canvas = canvas(&generator)
        // The model has seen no picture without a text.
        write(String(Int.random(in: 10...9999, using: &generator)), on: &canvas, &generator)
        let drawn = shapes(&canvas, 2, &generator)
        let missing = DemoCanvas.Shape.allCases.filter { kind in !drawn.contains { $0.kind == kind } }
        let asked = [(drawn[0].kind, "Yes"), (missing[0], "No")]
        let lines = asked.map { kind, answer in
            Line(
                image: "", question: "Is there a \(kind.rawValue) in the image?",
                answer: .text(task == .mme ? answer : answer.lowercased()),
                category: task == .mme ? "existence" : "random", questionId: "\(number)")
        }
        return (canvas.image, task == .mme ? lines : [lines[number % 2]])
    }

    private func bars(_ number: Int, _ generator: inout SplitMix64) -> Drawn {
        let count = Int.random(in: 2...4, using: &generator)
        var canvas = DemoCanvas(width: 672, height: 480, using: &generator)
        let pitch = (canvas.height - 30) / count
        canvas.rectangle(PixelRectangle(x: 24, y: 10, width: 4, height: canvas.height - 20), (60, 60, 60))
        let values = DemoCanvas.colours.shuffled(using: &generator).prefix(count).enumerated().map { row, colour in
            let value = Int.random(in: 10...99, using: &generator)
            let bar = PixelRectangle(
                x: 28, y: 15 + row * pitch + pitch / 7, width: 12 + 500 * value / 105, height: pitch * 5 / 7)
            canvas.rectangle(bar, colour.colour)
            canvas.text(
                String(value), DemoGlyphs.large, glyphs, x: bar.x + bar.width + 14,
                y: bar.y + (bar.height - DemoGlyphs.large.height) / 2, (30, 30, 30))
            return (colour.name, value)
        }
        let (colour, value) = values[Int.random(in: values.indices, using: &generator)]
        return (
            canvas.image,
            [
                Line(
                    image: "", question: "What is the value of the \(colour) bar?", answer: .text(String(value)),
                    type: number % 2 == 0 ? "human_test" : "augmented_test")
            ]
        )
    }
}
