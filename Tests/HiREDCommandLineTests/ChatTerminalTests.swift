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
        try terminal.wait(for: "86 of 444 image tokens")
        try terminal.wait(for: "> ")
        try terminal.type(Self.question + "\r")
        try terminal.wait(for: "PARK")
        try terminal.wait(for: "first token after ")
        try terminal.wait(for: "> ")
        try terminal.type("/nothing\r")
        try terminal.wait(for: "is no command")
        try terminal.wait(for: "> ")
        try terminal.type("\u{4}")
        #expect(try terminal.end() == 0)
        #expect(terminal.isAsItWas)
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
        try terminal.wait(for: "PARK")
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

/// The program at a terminal of its own.
private final class PseudoTerminal {
    private struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    private let controller: Int32
    private let process = Process()
    private let modes: [UInt8]
    /// What was shown since the last thing that was waited for.
    private var shown = ""

    init(_ arguments: [String]) throws {
        controller = posix_openpt(O_RDWR | O_NOCTTY)
        guard controller >= 0, grantpt(controller) == 0, unlockpt(controller) == 0, let name = ptsname(controller)
        else {
            throw Missing(description: "no pseudo-terminal is to be had")
        }
        let place = open(name, O_RDWR | O_NOCTTY)
        guard place >= 0 else { throw Missing(description: "\(String(cString: name)) cannot be opened") }
        var size = winsize(ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(controller, UInt(TIOCSWINSZ), &size)
        modes = Self.modes(of: controller)
        let handle = FileHandle(fileDescriptor: place, closeOnDealloc: true)
        process.executableURL = Program.url
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging([
            "TERM": "xterm", "TERM_PROGRAM": "", "TMUX": "", "KITTY_WINDOW_ID": "",
        ]) { $1 }
        for name in ["TERM_PROGRAM", "TMUX", "STY", "KITTY_WINDOW_ID", "EMACS"] {
            process.environment?.removeValue(forKey: name)
        }
        process.standardInput = handle
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        close(controller)
    }

    private static func modes(of descriptor: Int32) -> [UInt8] {
        var modes = termios()
        _ = tcgetattr(descriptor, &modes)
        return withUnsafeBytes(of: &modes.c_lflag) { Array($0) } + withUnsafeBytes(of: &modes.c_iflag) { Array($0) }
            + withUnsafeBytes(of: &modes.c_oflag) { Array($0) }
    }

    /// Whether the terminal has the modes that it had before.
    var isAsItWas: Bool { Self.modes(of: controller) == modes }

    func type(_ keys: String) throws {
        let bytes = Array(keys.utf8)
        guard write(controller, bytes, bytes.count) == bytes.count else {
            throw Missing(description: "\(keys) cannot be typed")
        }
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Reads until something is shown that was not waited for before.
    func wait(for text: String) throws {
        while true {
            if let range = shown.range(of: text) {
                shown = String(shown[range.upperBound...])
                return
            }
            guard read() else { throw Missing(description: "\"\(text)\" is not shown, but \(shown.debugDescription)") }
        }
    }

    /// - Returns: false at the end, or where nothing comes for two minutes.
    private func read() -> Bool {
        var ready = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 120_000) > 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        #if canImport(Darwin)
            let count = Darwin.read(controller, &bytes, bytes.count)
        #elseif canImport(Glibc)
            let count = Glibc.read(controller, &bytes, bytes.count)
        #else
            let count = Musl.read(controller, &bytes, bytes.count)
        #endif
        guard count > 0 else { return false }
        shown += String(decoding: bytes.prefix(count), as: UTF8.self)
        return true
    }

    /// - Returns: the exit status.
    func end() throws -> Int32 {
        while process.isRunning {
            var ready = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
            if poll(&ready, 1, 50) > 0, !read() { break }
        }
        process.waitUntilExit()
        guard process.terminationReason == .exit else { throw Missing(description: "ended by a signal: \(shown)") }
        return process.terminationStatus
    }
}
