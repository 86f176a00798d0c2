import Foundation
import Testing

@testable import HiREDCommandLine

/// Conversations through a pipe, as a script holds them: answers on standard output and nothing else.
@Suite struct ChatTests {
    private static let sign = Program.demo + "/samples/06-sign.png"
    private static let question = "What word is written?"
    private static let exact = ["--precision", "f32", "--max-tokens", "8"]

    private func chat(_ lines: [String], _ options: [String] = []) throws -> Program.Outcome {
        try Program.run(
            ["chat", Program.demo] + Self.exact + options, input: lines.map { $0 + "\n" }.joined())
    }

    @Test func questionsAreAnsweredLineByLine() throws {
        let outcome = try chat([Self.question, "", "  \(Self.question)\r"], ["--image", Self.sign])
        #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
        let answers = outcome.output.split(separator: "\n")
        #expect(answers.count == 2 && answers[0] == "WEST", "\(outcome.output)")
        // The last line may lack its end; no line at all is no failure.
        let last = try Program.run(
            ["chat", Program.demo, "--image", Self.sign] + Self.exact, input: Self.question)
        #expect(last.status == 0 && last.output == "WEST\n", "\(last.error)")
        let nothing = try Program.run(["chat", Program.demo], input: "")
        #expect(nothing.status == 0 && nothing.output.isEmpty && nothing.error.isEmpty)
    }

    @Test func commandsChangeWhatIsAsked() throws {
        let outcome = try chat([
            "/image \(Self.sign)", "/budget 10%", "/budget", "/kept", Self.question, "/clear", "/budget full", "/kept",
            "/image", Self.question, "/quit", Self.question,
        ])
        #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        try #require(lines.count == 14, "\(outcome.output)")
        #expect(lines[0] == "budget: 10%")
        #expect(lines[1] == Self.sign && lines[2] == "image tokens: 172 of 1752")
        #expect(lines[3].hasPrefix("  full view: ") && lines[5].hasPrefix("  tile 2: "))
        #expect(lines[8] == "image tokens: 1752 of 1752")
        #expect(lines[13] == "WEST" && lines[12] == "\(Self.sign): 672×336, 1752 of 1752 image tokens")
    }

    /// Each failure is a line on standard error, and the next line is answered all the same.
    @Test func failuresDoNotEndTheConversation() throws {
        let scratch = try Scratch()
        try Data("no picture".utf8).write(to: scratch.url.appending(path: "broken.png"))
        let data = try Data(contentsOf: URL(fileURLWithPath: Self.sign))
        try data.prefix(data.count / 2).write(to: scratch.url.appending(path: "half.png"))
        let outcome = try chat([
            "/image /nowhere.png", "/image \(scratch.path("broken.png"))", "/image \(scratch.path("half.png"))",
            "/image /", "/foo", "/budget 0", "/budget auto", "/kept", "/full", "/image \(Self.sign)", "/full",
            Self.question,
        ])
        #expect(outcome.status == 1)
        #expect(outcome.output == "WEST\n", "\(outcome.output)")
        let errors = outcome.error.split(separator: "\n")
        let words = [
            "/nowhere.png", "broken.png", "half.png", "is a folder", "\"/foo\" is no command", "budget '0'",
            "/budget auto has no target", "no picture", "no question", "no question", "10 of the lines",
        ]
        try #require(errors.count == words.count, "\(outcome.error)")
        for (error, word) in zip(errors, words) { #expect(error.hasPrefix("hired: ") && error.contains(word)) }
    }

    @Test func linesThatAreTooLongAreSaid() throws {
        let full = String(repeating: "What word is written? ", count: 2000)
        let endless = String(repeating: "x", count: LineReader.byteLimit + 100_000)
        let outcome = try chat([full, endless, Self.question], ["--image", Self.sign])
        #expect(outcome.status == 1 && outcome.output == "WEST\n", "\(outcome.output)")
        let errors = outcome.error.split(separator: "\n")
        try #require(errors.count == 3, "\(outcome.error)")
        #expect(errors[0].contains("the conversation has ") && errors[0].contains("/clear"))
        #expect(errors[1].contains("1048576 bytes"))
        #expect(errors[2].contains("2 of the lines"))
    }

    @Test func bothBudgetsStandSideBySide() throws {
        let outcome = try chat([Self.question, "/full"], ["--image", Self.sign, "--budget", "10%"])
        #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
        let lines = outcome.output.split(separator: "\n").dropFirst()
        let columns = lines.map { line in
            line.split(separator: "│").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        try #require(columns.count == 4 && columns.allSatisfy { $0.count == 2 }, "\(outcome.output)")
        #expect(columns[0] == ["10%: 172 image tokens", "full: 1752 image tokens"])
        #expect(columns[1].allSatisfy { $0.hasPrefix("first token after ") })
        #expect(columns[3][1] == "WEST" && !columns[3][0].isEmpty)
    }

    @Test func picturesAreDrawnWhereThatIsAskedFor() throws {
        for (name, start) in [
            ("kitty", "\u{1B}_Ga=T"), ("sixel", "\u{1B}P0;1q"), ("blocks", "\u{1B}[38;2;"),
            ("blocks-256", "\u{1B}[38;5;"),
        ] {
            let outcome = try chat(["/kept"], ["--image", Self.sign, "--graphics", name])
            #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
            #expect(outcome.output.contains("image tokens: 345 of 1752\n"))
            #expect(outcome.output.contains("\n" + start), "\(name)")
        }
    }

    @Test func whatCannotBeObeyedIsRefused() throws {
        func refused(_ options: [String], _ status: Int32, _ word: String) throws {
            try Program.expectFailure(["chat", Program.demo] + options, status, word)
        }
        try refused(["--template", "raw"], 64, "--template raw")
        try refused(["--logprobs", "2"], 64, "logprobs")
        try refused(["--graphics", "x"], 64, "kitty, sixel, blocks")
        try refused(["--budget", "auto"], 64, "--max-ttft")
        try refused(["--max-tokens", "0"], 64, "max-tokens")
        try refused(["--image", "/nowhere.png"], 66, "/nowhere.png")
    }
}
