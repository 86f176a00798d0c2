import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The program at a terminal of its own.
final class PseudoTerminal {
    private struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    private let controller: Int32
    private let process = Process()
    private let modes: [UInt8]
    /// What was shown since the last thing that was waited for.
    private var shown = ""

    init(_ arguments: [String]) throws {
        var size = winsize(ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0)
        var (ours, place): (Int32, Int32) = (-1, -1)
        guard openpty(&ours, &place, nil, nil, &size) == 0 else {
            throw Missing(description: "no pseudo-terminal is to be had")
        }
        controller = ours
        modes = Self.modes(of: controller)
        let handle = FileHandle(fileDescriptor: place, closeOnDealloc: true)
        process.executableURL = Program.url
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
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
            + withUnsafeBytes(of: &modes.c_oflag) { Array($0) } + withUnsafeBytes(of: &modes.c_cc) { Array($0) }
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
        let latest = ContinuousClock.now + .seconds(120)
        while process.isRunning {
            guard .now < latest else { throw Missing(description: "still running: \(shown.debugDescription)") }
            var ready = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
            if poll(&ready, 1, 50) > 0, !read() { break }
        }
        process.waitUntilExit()
        guard process.terminationReason == .exit else { throw Missing(description: "ended by a signal: \(shown)") }
        return process.terminationStatus
    }
}
