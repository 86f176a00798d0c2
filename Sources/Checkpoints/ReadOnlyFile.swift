import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One open regular file, read at given places; the descriptor is closed with the object.
///
/// Safe to share: the descriptor never changes, and `pread` keeps no position.
final class ReadOnlyFile: Sendable {
    let descriptor: Int32
    /// The size when the file was opened, in bytes.
    let byteCount: Int
    /// What messages call the file.
    let name: String

    /// Opens a file without waiting on pipes or devices, which are refused.
    /// - Throws: `CheckpointError` (`missing`, `unreadable`).
    init(_ url: URL, name: String) throws {
        self.name = name
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            throw CheckpointError(
                code == ENOENT ? .missing : .unreadable, file: name,
                problem: code == ENOENT ? "the file does not exist" : "cannot be opened (\(Self.reason(code)))",
                remedy: code == ENOENT ? "complete the checkpoint folder" : "check the file's permissions")
        }
        self.descriptor = descriptor
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            byteCount = 0
            throw CheckpointError(
                .unreadable, file: name, problem: "is not a regular file",
                remedy: "put the checkpoint's file here")
        }
        byteCount = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }

    /// Fills a buffer from a place in the file.
    /// - Throws: `CheckpointError` when the system fails or the file ends before the buffer is full.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        // Some systems refuse more than 2 GiB in one call.
        let largestCall = 1 << 30
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, min(rest.count, largestCall), off_t(offset + done))
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw CheckpointError(
                    .unreadable, file: name, problem: "cannot be read (\(Self.reason(code)))",
                    remedy: "check the disk and the file's permissions")
            }
            guard count > 0 else {
                throw CheckpointError.damaged(name, "ends at byte \(offset + done), where more is expected")
            }
            done += count
        }
    }

    /// A copy of `count` bytes. The caller has checked that the range lies inside the file.
    func bytes(at offset: Int, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(
                at: offset, into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])))
            initialized = count
        }
    }

    static func reason(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
