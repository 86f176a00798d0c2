import Foundation
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Conversations at a terminal, with a person's keys.
@Suite struct ChatTerminalTests {
    private static let sign = Program.demo + "/samples/06-sign.png"
    private static let question = "What word is written?"
    private static let chat = ["chat", Program.demo, "--image", sign, "--precision", "f32"]

    @Test func aPersonAsksAndLeaves() throws {
        let terminal = try PseudoTerminal(Self.chat)
        try terminal.wait(for: "345 of 1752 image tokens")
        try terminal.wait(for: "> ")
        try terminal.type(Self.question + "\r")
        try terminal.wait(for: "WEST")
        try terminal.wait(for: "first token after ")
        try terminal.wait(for: "> ")
        try terminal.type("/nothing\r")
        try terminal.wait(for: "is no command")
        try terminal.wait(for: "> ")
        try terminal.type("\u{4}")
        #expect(try terminal.end() == 0)
        #expect(terminal.isAsItWas)
    }

    /// Ctrl-D is typed ahead like everything else, and not dropped with the modes it was typed under.
    @Test func theEndIsTypedAhead() throws {
        let terminal = try PseudoTerminal(Self.chat)
        try terminal.wait(for: "> ")
        try terminal.type(Self.question + "\r")
        try terminal.type("\u{4}")
        try terminal.wait(for: "WEST")
        #expect(try terminal.end() == 0)
        #expect(terminal.isAsItWas)
    }

    /// Progress takes away its own line and nothing of an answer that comes word by word.
    @Test func anAnswerStandsAtATerminal() throws {
        let terminal = try PseudoTerminal(
            ["ask", Program.demo, "--image", Self.sign, "--precision", "f32", Self.question])
        try terminal.wait(for: "tokens …")
        try terminal.wait(for: "WEST\r\n")
        #expect(try terminal.end() == 0)
    }

    @Test func thePictureIsDrawnAsTheTerminalSays() throws {
        let terminal = try PseudoTerminal(Self.chat)
        try terminal.wait(for: "> ")
        try terminal.type("/kept\r")
        // Asked for its attributes; sixel is the fourth.
        try terminal.wait(for: "\u{1B}[c")
        try terminal.type("\u{1B}[?62;4;22c")
        try terminal.wait(for: "\u{1B}P0;1q")
        try terminal.wait(for: "> ")
        try terminal.type("/quit\r")
        #expect(try terminal.end() == 0)
        #expect(terminal.isAsItWas)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aSignalAtThePromptLeaves(_ number: Int32) throws {
        let terminal = try PseudoTerminal(Self.chat)
        try terminal.wait(for: "> ")
        terminal.signal(number)
        #expect(try terminal.end() == 130)
        #expect(terminal.isAsItWas)
    }

    @Test func anInterruptStopsAnAnswerAndNotTheProgram() throws {
        let scratch = try Scratch()
        let folder = scratch.path("talkative")
        try FileManager.default.copyItem(atPath: Program.demo, toPath: folder)
        // As long as the context allows.
        let settings = URL(fileURLWithPath: folder).appending(path: "generation_config.json")
        var object = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: settings)) as? [String: Any])
        object["min_new_tokens"] = 3000
        try JSONSerialization.data(withJSONObject: object).write(to: settings)
        let terminal = try PseudoTerminal(["chat", folder, "--image", Self.sign, "--max-tokens", "3500"])
        try terminal.wait(for: "> ")
        try terminal.type(Self.question + "\r")
        try terminal.wait(for: "WEST")
        terminal.signal(SIGINT)
        try terminal.wait(for: "stopped")
        try terminal.wait(for: "> ")
        try terminal.type("/budget\r")
        try terminal.wait(for: "budget: 20%")
        try terminal.wait(for: "> ")
        terminal.signal(SIGINT)
        #expect(try terminal.end() == 130)
        #expect(terminal.isAsItWas)
    }
}
