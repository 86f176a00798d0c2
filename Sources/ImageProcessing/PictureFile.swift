import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Reads files, pipes and devices to their end. No size that a file claims is believed, and nothing is mapped: a file that
/// shrinks under a mapping ends the process.
enum PictureFile {
    /// Bytes that decide whether the rest is read.
    private static let startLength = 4096

    /// - Parameter check: looks at the first bytes, and throws where the rest is not worth reading.
    /// - Throws: `ImageError`, and what `check` throws.
    static func read(_ path: String, byteLimit: Int, check: (ByteView) throws -> Void) throws -> Data {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error(errno, path) }
        defer { close(descriptor) }
        var buffer = GrowingBuffer()
        defer { buffer.free() }
        var isChecked = false
        while true {
            if buffer.count > byteLimit { throw ImageError.tooManyBytes(name: path, limit: byteLimit) }
            guard let room = buffer.room() else {
                throw ImageError.unreadable(path: path, reason: "there is no memory for it")
            }
            let got = systemRead(descriptor, room)
            if got < 0 {
                if errno == EINTR { continue }
                throw error(errno, path)
            }
            buffer.count += got
            if !isChecked, got == 0 || buffer.count >= startLength {
                isChecked = true
                try check(ByteView(buffer.bytes))
            }
            if got == 0 { return buffer.data() }
        }
    }

    private static func systemRead(_ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer) -> Int {
        // In pieces: a call takes at most 2³¹ bytes on some systems.
        #if canImport(Darwin)
            Darwin.read(descriptor, room.baseAddress, min(room.count, 1 << 24))
        #elseif canImport(Musl)
            Musl.read(descriptor, room.baseAddress, min(room.count, 1 << 24))
        #else
            Glibc.read(descriptor, room.baseAddress, min(room.count, 1 << 24))
        #endif
    }

    private static func error(_ code: Int32, _ path: String) -> ImageError {
        switch code {
        case ENOENT, ENOTDIR: .missing(path: path)
        case EISDIR: .folder(path: path)
        default: .unreadable(path: path, reason: String(cString: strerror(code)))
        }
    }
}

/// Bytes that grow in place by doubling, and are handed over without a copy.
private struct GrowingBuffer {
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    var count = 0

    var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: memory?.assumingMemoryBound(to: UInt8.self), count: count)
    }

    /// Where the next bytes go, at least one; nil where memory is out.
    mutating func room() -> UnsafeMutableRawBufferPointer? {
        if count == capacity {
            let (larger, overflow) = max(capacity, 1 << 15).multipliedReportingOverflow(by: 2)
            guard !overflow, let grown = realloc(memory, larger) else { return nil }
            (memory, capacity) = (grown, larger)
        }
        return memory.map { UnsafeMutableRawBufferPointer(start: $0 + count, count: capacity - count) }
    }

    /// Gives the bytes away.
    mutating func data() -> Data {
        guard let memory else { return Data() }
        self.memory = nil
        // What doubling took too much goes back.
        let fitted = realloc(memory, max(count, 1)) ?? memory
        return Data(bytesNoCopy: fitted, count: count, deallocator: .free)
    }

    mutating func free() {
        #if canImport(Darwin)
            Darwin.free(memory)
        #elseif canImport(Musl)
            Musl.free(memory)
        #else
            Glibc.free(memory)
        #endif
    }
}
