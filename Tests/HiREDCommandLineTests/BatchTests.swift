import Foundation
import Testing

@testable import HiREDCommandLine

/// Files of questions as people have them: each line is answered or has its own error, in order.
@Suite struct BatchTests {
    private struct Line: Decodable, Equatable {
        struct Problem: Decodable, Equatable {
            var kind: String
            var message: String
        }
        var line: Int
        var image: String?
        var question: String?
        var answer: String?
        var error: Problem?
    }

    private static let exact = ["--max-tokens", "4", "--precision", "f32"]

    private static func question(_ picture: String, _ text: String = "What does the image say?") -> String {
        #"{"image": "\#(picture)", "question": "\#(text)"}"#
    }

    private static func picture(_ name: String) -> String { Program.demo + "/samples/" + name }

    private func run(_ file: String, _ options: [String] = []) throws -> (Program.Outcome, [Line]) {
        let outcome = try Program.run(["batch", Program.demo, file] + Self.exact + options)
        let decoder = JSONDecoder()
        return (
            outcome,
            try outcome.output.split(separator: "\n").map { try decoder.decode(Line.self, from: Data($0.utf8)) }
        )
    }

    /// A line that fails takes nothing from the others, whose answers are those of a run without it.
    @Test func linesThatFailHaveTheirErrorsAndTheRestIsAnswered() throws {
        let scratch = try Scratch()
        let file = scratch.path("questions.jsonl")
        try Data("no picture".utf8).write(to: scratch.url.appending(path: "broken.png"))
        // Windows' line ends, a byte order mark, empty lines, and no end of the last line.
        let lines = [
            Self.question(Self.picture("10-receipt.png")), "", "[1, 2", Self.question("missing.png"), "  \t ",
            Self.question("broken.png"), #"{"image": "a.png"}"#, Self.question(Self.picture("04-sign.png")), "\u{0}",
            #"{"image": 7, "question": "x"}"#, Self.question(Self.picture("05-sign.png"), " "),
            Self.question(Self.picture("12-chart.png")),
        ]
        try Data(("\u{FEFF}" + lines.joined(separator: "\r\n")).utf8).write(to: URL(fileURLWithPath: file))
        let (outcome, answers) = try run(file)
        #expect(outcome.status == 1, "\(outcome.error)")
        #expect(outcome.error == "hired: 7 of 10 questions have no answer; their lines say why\n")
        #expect(answers.map(\.line) == [1, 3, 4, 6, 7, 8, 9, 10, 11, 12])
        let kinds = answers.map { $0.error?.kind }
        #expect(
            kinds == [
                nil, "invalidRequest", "notFound", "damagedFile", "invalidRequest", nil, "invalidRequest",
                "invalidRequest", "invalidRequest", nil,
            ], "\(answers.map(\.error))")
        for answer in answers {
            #expect((answer.error == nil) == (answer.answer?.isEmpty == false))
            if let message = answer.error?.message { #expect(!message.contains("\n") && message.contains(";")) }
        }
        #expect(answers[1].error?.message.contains("line 3") == true)
        #expect(answers[3].image == "broken.png" && answers[3].error?.message.contains("broken.png") == true)

        let good = [0, 7, 11].map { lines[$0] }
        try Data((good.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
        let (alone, same) = try run(file, ["--concurrency", "1"])
        #expect(alone.status == 0 && alone.error.isEmpty, "\(alone.error)")
        #expect(same.map(\.answer) == [0, 5, 9].map { answers[$0].answer })
    }

    /// Answers are printed in the order of the questions, and are the same however many are answered at once.
    @Test func manyAtOnceAnswerAsOneByOne() throws {
        let scratch = try Scratch()
        let file = scratch.path("questions.jsonl")
        let names = [
            "10-receipt.png", "04-sign.png", "12-chart.png", "00-scene.png", "10-receipt.png", "08-receipt.png",
        ]
        let lines = names.enumerated().map {
            Self.question(Self.picture($1), $0 % 2 == 0 ? "What does the image say?" : "What is this?")
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: file))
        let (one, first) = try run(file, ["--concurrency", "1"])
        let (all, second) = try run(file)
        #expect(one.status == 0 && all.status == 0, "\(one.error) \(all.error)")
        #expect(first.map(\.line) == Array(1...names.count))
        #expect(first == second)
    }

    @Test func questionsComeThroughPipes() throws {
        let line = Self.question(Self.picture("10-receipt.png"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "printf '%s\\n' \"$1\" | \"$2\" batch \"$3\" /dev/stdin --max-tokens 4", "sh", line, Program.url.path,
            Program.demo,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try JSONDecoder().decode(Line.self, from: text).answer?.isEmpty == false)
    }

    @Test func whatHoldsNoQuestionsIsSaid() throws {
        try Program.expectFailure(["batch", Program.demo, "/nowhere.jsonl"], 66, "/nowhere.jsonl")
        try Program.expectFailure(["batch", Program.demo, "/"], 66, "is a folder")
        try Program.expectFailure(["batch", Program.demo, "/dev/null", "--concurrency", "0"], 64, "concurrency")
        let nothing = try Program.run(["batch", Program.demo, "/dev/null"])
        #expect(nothing.status == 0 && nothing.output.isEmpty && nothing.error.isEmpty)
        if FileManager.default.fileExists(atPath: "/dev/zero") {
            #expect(throws: CommandError.self) { try BatchQuestions(path: "/dev/zero", byteLimit: 1 << 22) }
        }
    }
}
