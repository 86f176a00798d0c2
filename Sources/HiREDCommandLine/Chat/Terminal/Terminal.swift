import Foundation
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The terminal that a chat is held at: its size, its modes, and what it says of itself.
enum Terminal {
    struct Size: Equatable {
        var columns = 80
        var rows = 24
        /// Of one character, in pixels; terminals that do not tell are taken to have the usual.
        var cellWidth = 8
        var cellHeight = 16
    }

    static let readsPerson = isatty(STDIN_FILENO) == 1
    static let showsOutput = isatty(STDOUT_FILENO) == 1

    /// Of the terminal behind standard output; the usual one where there is none.
    static var size: Size {
        var (size, window) = (Size(), winsize())
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return size
        }
        (size.columns, size.rows) = (Int(window.ws_col), Int(window.ws_row))
        if window.ws_xpixel >= window.ws_col, window.ws_ypixel >= window.ws_row {
            size.cellWidth = Int(window.ws_xpixel / window.ws_col)
            size.cellHeight = Int(window.ws_ypixel / window.ws_row)
        }
        return size
    }

    private struct Modes {
        /// As they were before anything changed them.
        var initial: termios
        /// As they are while the program runs.
        var current: termios
    }

    /// Nil where nobody types, or nothing changes the modes.
    private static let modes = Mutex<Modes?>(nil)

    /// Before anything changes the modes.
    static func remember() {
        var initial = termios()
        let isThere = tcgetattr(STDIN_FILENO, &initial) == 0
        modes.withLock { $0 = isThere ? Modes(initial: initial, current: initial) : nil }
    }

    /// Gives the terminal back as it was, from any thread and whatever a line editor made of it, before the program ends:
    /// nothing can be read afterwards.
    static func restore() {
        modes.withLock { modes in
            guard var initial = modes?.initial else { return }
            // An editor in another thread may be about to set its modes: what it has from now on is no terminal.
            let terminal = dup(STDIN_FILENO)
            let nothing = open("/dev/null", O_RDONLY)
            if terminal >= 0, nothing >= 0 { dup2(nothing, STDIN_FILENO) }
            tcsetattr(terminal >= 0 ? terminal : STDIN_FILENO, TCSANOW, &initial)
        }
    }

    /// From now on Ctrl-D is a key like others, for a line editor that knows what it means. Pressed outside of a line it
    /// would else be a mark that the terminal drops on its way to the editor's own modes.
    static func passEndOfFile() {
        let disabled = fpathconf(STDIN_FILENO, Int32(_PC_VDISABLE))
        modes.withLock { modes in
            guard var current = modes?.current else { return }
            withUnsafeMutableBytes(of: &current.c_cc) { $0[Int(VEOF)] = UInt8(truncatingIfNeeded: disabled) }
            modes?.current = current
        }
        showTyping()
    }

    /// Before a line is read.
    static func showTyping() { change { _ in } }

    /// Keys that are pressed while an answer comes are kept for the next line, and not shown in the midst of it.
    static func hideTyping() { change { $0.c_lflag &= ~tcflag_t(ECHO) } }

    private static func change(_ body: (inout termios) -> Void) {
        guard var modes = modes.withLock({ $0?.current }) else { return }
        body(&modes)
        tcsetattr(STDIN_FILENO, TCSANOW, &modes)
    }

    /// Asks the terminal something and waits for its answer for a bounded time. Not while a line is read; what was typed
    /// before it answers is lost.
    ///
    /// - Returns: what came, also where it is not whole.
    static func ask(_ question: String, milliseconds: Int, isWhole: ([UInt8]) -> Bool) -> [UInt8] {
        guard readsPerson, showsOutput else { return [] }
        // Without a line's end, and not shown.
        change { $0.c_lflag &= ~tcflag_t(ICANON | ECHO) }
        defer { hideTyping() }
        Output.write(question)
        var answer: [UInt8] = []
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while !isWhole(answer), answer.count < 4096 {
            let left = (end - .now) / .milliseconds(1)
            var ready = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard left > 0, poll(&ready, 1, Int32(left.rounded(.up))) > 0 else { break }
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            guard count > 0 else { break }
            answer += bytes.prefix(count)
        }
        return answer
    }
}
