import Foundation
import Reporting

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Everything that the program prints goes through here: unbuffered, so that streamed text and lines keep their order in
/// a pipe too, and never a crash when nobody can take it.
enum Output {
    /// Ends the program where standard output cannot be written: silently when its reader has gone, as a program does
    /// that the pipe's signal ends; with a line and `ExitStatus.cannotWrite` otherwise.
    static func write(_ text: String) {
        if let problem = put(Array(text.utf8), to: STDOUT_FILENO) { end("standard output", problem) }
    }

    static func line(_ text: String) { write(text + "\n") }

    /// A remark on standard error. Lost where that cannot be written: there is nobody left to tell.
    static func note(_ text: String) { _ = put(Array("hired: \(text)\n".utf8), to: STDERR_FILENO) }

    /// The same without a line's end.
    static func status(_ text: String) { _ = put(Array(text.utf8), to: STDERR_FILENO) }

    static func printJSON(_ value: some Encodable) throws {
        write(String(decoding: try ReportCoding.encode(value), as: UTF8.self) + "\n")
    }

    /// Before anything else is done.
    static func prepare() {
        // A reader that has gone is an error of the write, so that one of standard error ends nothing.
        signal(SIGPIPE, SIG_IGN)
        // Descriptors that were closed are occupied before a file is opened under one of their numbers and takes what is
        // meant for people. Reading gives nothing, and writing fails as it should.
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest free number is given out: this one.
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// Writes a file that the user named, or ends the program as `write` does where it is full or has no reader.
    ///
    /// - Throws: `CommandError` where it cannot be created.
    static func save(_ data: Data, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw CommandError(
                .cannotCreate, "\(path) cannot be written: \(String(cString: strerror(errno))); give another place")
        }
        defer { close(descriptor) }
        if let problem = put(Array(data), to: descriptor) { end(path, problem) }
    }

    /// - Throws: `CommandError` where it cannot be created.
    static func createFolder(_ path: String) throws {
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw CommandError(.cannotCreate, "\(path) cannot be created: \(error.localizedDescription)")
        }
    }

    private static func end(_ place: String, _ problem: Int32) -> Never {
        Terminal.restore()
        // At once: the model may be in a step, and nothing is buffered.
        if problem == EPIPE { _exit(128 + SIGPIPE) }
        Progress.clear()
        note("\(place) cannot be written: \(String(cString: strerror(problem))); give another place")
        _exit(ExitStatus.cannotWrite.rawValue)
    }

    /// - Returns: the system's error number; nil when all is written.
    private static func put(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            #if canImport(Darwin)
                let count = rest.withUnsafeBytes { Darwin.write(descriptor, $0.baseAddress, $0.count) }
            #elseif canImport(Glibc)
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            #else
                let count = rest.withUnsafeBytes { Musl.write(descriptor, $0.baseAddress, $0.count) }
            #endif
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                // A terminal or a pipe that another program made non-blocking.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&ready, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
