public import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One whole file, mapped read-only, with room for small constants of graphs behind it.
///
/// The file must not be cut short while it is mapped: touching a lost page ends the process.
///
/// `@unchecked Sendable`: the pointer is set once, the file behind it is read-only, the pool guards itself, and all is
/// unmapped only when the last reference is gone.
public final class MappedFile: @unchecked Sendable {
    public let byteCount: Int
    /// Size of the range: the file's pages and the pool.
    private let rangeByteCount: Int
    private let pool: ConstantRegion
    private let base: UnsafeMutableRawPointer

    /// - Parameter poolByteCount: room for constants; memory is taken when it is written.
    /// - Throws: `CheckpointError` (`missing`, `unreadable`, `malformed` for an empty file).
    public init(_ url: URL, poolByteCount: Int = 0) throws {
        let file = try ReadOnlyFile(url, name: url.path)
        guard file.byteCount > 0 else { throw CheckpointError.damaged(url.path, "is empty") }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let poolOffset = (file.byteCount + page - 1) / page * page
        let total = poolOffset + (max(poolByteCount, 0) + page - 1) / page * page
        var flags = MAP_PRIVATE | MAP_ANON
        #if os(Linux)
            flags |= MAP_NORESERVE
        #endif
        // Linux spells the failure value as a macro that Swift does not see.
        let failed = UnsafeMutableRawPointer(bitPattern: -1)
        func refusal(_ reason: String) -> CheckpointError {
            CheckpointError(
                .unreadable, file: url.path, problem: "cannot be mapped into memory (\(reason))",
                remedy: "put the model on a local disk")
        }
        guard let base = mmap(nil, total, PROT_READ | PROT_WRITE, flags, -1, 0), base != failed else {
            throw refusal(ReadOnlyFile.reason(errno))
        }
        guard mmap(base, file.byteCount, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.descriptor, 0) == base else {
            let reason = ReadOnlyFile.reason(errno)
            munmap(base, total)
            throw refusal(reason)
        }
        self.base = base
        byteCount = file.byteCount
        rangeByteCount = total
        pool = ConstantRegion(base: base, part: poolOffset..<total, file: url.path)
    }

    deinit { munmap(base, rangeByteCount) }

    /// The whole file, to lend to a library that keeps pointing at it: valid only while this object lives.
    public var unsafeRange: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

    /// The file, the rest of its last page and the pool, to lend in the same way.
    public var unsafeRangeWithPool: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: rangeByteCount)
    }

    /// Puts constants behind the file: as ``MappedWeights/place(_:)``.
    public func place<Result>(_ build: (Int) throws -> (bytes: [UInt8], result: Result)) throws -> Result {
        try pool.place(build)
    }

    /// Takes the file's touched pages out of the process's memory; they come back from the file cache when they are read
    /// again. The pool stays.
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
