import Dispatch
import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The lines of standard input, edited where a person types them and libedit is there.
///
/// Read on a queue of its own: waiting for a person must hold none of the threads that answers are made on.
///
/// `@unchecked Sendable`: everything that changes is touched on that queue alone.
final class LineReader: @unchecked Sendable {
    enum Line: Equatable, Sendable {
        case text(String)
        /// Longer than any question; what there was of it is dropped.
        case tooLong
        case end
    }

    /// Bytes of the longest line.
    static let byteLimit = 1 << 20

    private let queue = DispatchQueue(label: "hired.chat.lines")
    private let descriptor: Int32
    private let prompt: String
    private let editor: LibEdit?
    private var buffer: [UInt8] = []
    private var isAtEnd = false
    private var isFirst = true

    /// - Parameter prompt: shown where a person types.
    init(descriptor: Int32 = STDIN_FILENO, prompt: String, editor: LibEdit?) {
        self.descriptor = descriptor
        self.prompt = prompt
        self.editor = editor
    }

    func next() async -> Line { await perform { self.read() } }

    /// Does something that no line may be read beside, such as asking the terminal.
    func perform<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in queue.async { continuation.resume(returning: body()) } }
    }

    private func read() -> Line {
        if let editor {
            defer { isFirst = false }
            return editor.line(prompt: prompt, isFirst: isFirst).map { .text($0) } ?? .end
        }
        if !prompt.isEmpty { Terminal.showsOutput ? Output.write(prompt) : Output.status(prompt) }
        return plainLine()
    }

    private func plainLine() -> Line {
        var (searched, isTooLong) = (0, false)
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeSubrange(...end) }
                return isTooLong || end > Self.byteLimit ? .tooLong : .text(Self.text(buffer[..<end]))
            }
            if buffer.count > Self.byteLimit {
                isTooLong = true
                buffer = []
            }
            searched = buffer.count
            if !isAtEnd, fill() { continue }
            // A terminal goes on after its end of file, and a file does not; either way the chat is over.
            isAtEnd = true
            defer { buffer = [] }
            if isTooLong { return .tooLong }
            return buffer.isEmpty ? .end : .text(Self.text(buffer[...]))
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
    }

    /// - Returns: whether more has come.
    private func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            #if canImport(Darwin)
                let count = Darwin.read(descriptor, &bytes, bytes.count)
            #elseif canImport(Glibc)
                let count = Glibc.read(descriptor, &bytes, bytes.count)
            #else
                let count = Musl.read(descriptor, &bytes, bytes.count)
            #endif
            if count > 0 {
                buffer += bytes.prefix(count)
                return true
            }
            if count == 0 { return false }
            if errno == EAGAIN || errno == EWOULDBLOCK {
                var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&ready, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
    }
}
