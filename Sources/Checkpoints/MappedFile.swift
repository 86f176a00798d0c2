public import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One whole file, mapped read-only.
///
/// The file must not be cut short while it is mapped: touching a lost page ends the process.
///
/// `@unchecked Sendable`: the pointer is set once, what it points at is read-only, and it is unmapped only when the
/// last reference is gone.
public final class MappedFile: @unchecked Sendable {
    public let byteCount: Int
    private let base: UnsafeMutableRawPointer

    /// - Throws: `CheckpointError` (`missing`, `unreadable`, `malformed` for an empty file).
    public init(_ url: URL) throws {
        let file = try ReadOnlyFile(url, name: url.path)
        guard file.byteCount > 0 else { throw CheckpointError.damaged(url.path, "is empty") }
        // Linux spells the failure value as a macro that Swift does not see.
        let failed = UnsafeMutableRawPointer(bitPattern: -1)
        guard let base = mmap(nil, file.byteCount, PROT_READ, MAP_PRIVATE, file.descriptor, 0), base != failed else {
            throw CheckpointError(
                .unreadable, file: url.path, problem: "cannot be mapped into memory (\(ReadOnlyFile.reason(errno)))",
                remedy: "put the model on a local disk")
        }
        self.base = base
        byteCount = file.byteCount
    }

    deinit { munmap(base, byteCount) }

    /// The whole file, to lend to a library that keeps pointing at it: valid only while this object lives.
    public var unsafeRange: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

    /// Takes the touched pages out of the process's memory; they come back from the file cache when they are read again.
    public func releasePages() { madvise(base, byteCount, MADV_DONTNEED) }
}

extension MappedWeights {
    /// Takes the shards' touched pages out of the process's memory; they come back from the file cache when they are
    /// read again. The pool stays.
    public func releasePages() {
        let range = unsafeRange
        if let address = range.baseAddress {
            madvise(UnsafeMutableRawPointer(mutating: address), poolOffset, MADV_DONTNEED)
        }
    }
}
