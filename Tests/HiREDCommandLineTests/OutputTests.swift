import Foundation
import Testing

/// Output that nobody can take: one line and exit 74, silence for a reader that has gone, never a crash.
@Suite struct OutputTests {
    private static let picture = Program.demo + "/samples/10-receipt.png"
    /// macOS has no device that is always full.
    private static let full = FileManager.default.fileExists(atPath: "/dev/full") ? [">/dev/full"] : []

    private static let ask = ["ask", Program.demo, "--image", picture, "--max-tokens", "3"]
    private static let select = ["select", Program.demo, "--image", picture]
    /// All that print, each in a folder with `questions.jsonl`.
    private static let commands: [[String]] = [
        ask + ["What does the image say?"], ask + ["--json", "What does the image say?"], select, select + ["--json"],
        ["inspect", Program.demo], ["inspect", Program.demo, "--json"],
        ["batch", Program.demo, "questions.jsonl", "--max-tokens", "3"], ["demo", "--model", Program.demo],
        ["--help"], ["ask", "--help"], ["--version"],
    ]

    /// What standard output or error is, before the program starts.
    private enum Gone { case none, output, error }

    /// - Parameters:
    ///   - shell: a shell's line with HIRED for the program and its arguments.
    ///   - gone: which of the two is a pipe that nobody reads.
    private func run(_ arguments: [String], _ shell: String, gone: Gone = .none) throws -> (
        status: Int32, error: String
    ) {
        let scratch = try Scratch()
        let question = #"{"image": "\#(Self.picture)", "question": "What does the image say?"}"#
        try Data(question.utf8).write(to: scratch.url.appending(path: "questions.jsonl"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let words = ([Program.url.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
        process.arguments = ["-c", shell.replacingOccurrences(of: "HIRED", with: words)]
        process.currentDirectoryURL = scratch.url
        let error = scratch.url.appending(path: "error")
        try Data().write(to: error)
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        process.standardOutput = gone == .output ? pipe.fileHandleForWriting : FileHandle.nullDevice
        process.standardError = gone == .error ? pipe.fileHandleForWriting : try FileHandle(forWritingTo: error)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        return (process.terminationStatus, try String(contentsOf: error, encoding: .utf8))
    }

    @Test(arguments: commands, full + [">&-"])
    func whatCannotBeWrittenIsSaid(_ command: [String], _ redirection: String) throws {
        let outcome = try run(command, "exec HIRED " + redirection)
        #expect(outcome.status == 74, "\(outcome.error)")
        #expect(outcome.error.hasPrefix("hired: standard output cannot be written: "), "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").count == 1)
    }

    /// As a shell sees a program that the pipe's signal ended, also where that signal is ignored.
    @Test(arguments: commands, ["exec HIRED", "trap '' PIPE; exec HIRED"])
    func aReaderThatHasGoneIsNoMatter(_ command: [String], _ shell: String) throws {
        let outcome = try run(command, shell, gone: .output)
        #expect(outcome.status == 141, "\(outcome.error)")
        #expect(outcome.error.isEmpty, "\(outcome.error)")
    }

    /// The file that was opened first would have got what is meant for people.
    @Test(arguments: ["2>&-", "<&- >&- 2>&-"] + full.map { "2" + $0 })
    func standardErrorMayBeMissing(_ redirection: String) throws {
        let missing = try run(["ask", Program.demo, "--image", "/nowhere.png", "What?"], "exec HIRED " + redirection)
        #expect(missing.status == 66)
        #expect(missing.error.isEmpty)
    }

    @Test func standardErrorMayHaveNoReader() throws {
        #expect(
            try run(["ask", Program.demo, "--image", "/nowhere.png", "What?"], "exec HIRED", gone: .error).status == 66)
        #expect(try run(Self.ask + ["What?"], "exec HIRED", gone: .error).status == 0)
    }

    @Test(arguments: ["--png", "--svg"])
    func drawingsThatCannotBeWrittenAreSaid(_ option: String) throws {
        for (path, status) in [("/nowhere/kept", 73)] + Self.full.map({ (String($0.dropFirst()), 74) }) {
            let outcome = try run(Self.select + [option, path], "exec HIRED")
            #expect(outcome.status == Int32(status), "\(outcome.error)")
            #expect(outcome.error.hasPrefix("hired: \(path) cannot be written: "), "\(outcome.error)")
            #expect(outcome.error.split(separator: "\n").count == 1)
        }
        let outcome = try run(Self.select + [option, "/dev/stdout"], "exec HIRED", gone: .output)
        #expect(outcome.status == 141 && outcome.error.isEmpty, "\(outcome.error)")
    }
}
