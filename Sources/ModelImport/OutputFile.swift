import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file written at given places, from several threads at once.
///
/// Safe to share: the descriptor never changes, and `pwrite` keeps no position.
final class OutputFile: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Creates a file of a size, all zero.
    /// - Throws: `ImportError.cannotWrite`.
    init(_ url: URL, byteCount: Int) throws {
        path = url.path
        descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ImportError.cannotWrite(path: url.path, reason: Self.reason(errno)) }
        guard ftruncate(descriptor, off_t(byteCount)) == 0 else { throw failure(errno) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, min(rest.count, 1 << 30), off_t(offset + done))
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw failure(code)
            }
            done += count
        }
    }

    /// Waits until the disk has everything.
    func synchronize() throws {
        guard fsync(descriptor) == 0 else { throw failure(errno) }
    }

    private func failure(_ code: Int32) -> ImportError { .cannotWrite(path: path, reason: Self.reason(code)) }

    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
