import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// All shards of a checkpoint mapped read-only into one reserved address range.
///
/// A tensor of the checkpoint is `byteCount` bytes at `byteOffset` of the range. Pages are read from disk when they
/// are first touched and count as file cache, not as memory of the process. The bytes between one shard's end and the
/// next page are zero. The files must not be cut short while they are mapped: touching a lost page ends the process.
///
/// `@unchecked Sendable`: the pointer is set once, the shards behind it are read-only, the pool guards itself, and all is
/// unmapped only when the last reference is gone.
public final class MappedWeights: @unchecked Sendable {
    public let archive: SafetensorsArchive
    /// Size of the range in bytes, a multiple of the page size; the pool included.
    public let byteCount: Int
    /// Where the pool begins: ordinary memory behind the shards, for small constants of graphs.
    public let poolOffset: Int
    private let pool: ConstantRegion
    private let base: UnsafeMutableRawPointer

    public var tensors: [String: TensorEntry] { archive.tensors }

    /// Bytes of the pool unless told otherwise. Memory is taken when it is written.
    public static let defaultPoolByteCount = 64 << 20

    /// Reserves the range and maps every shard into it.
    /// - Throws: `CheckpointError` (`unreadable`) when the system refuses.
    public init(_ archive: SafetensorsArchive, poolByteCount: Int = MappedWeights.defaultPoolByteCount) throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let byteCount = archive.rangeByteCount + (max(poolByteCount, 0) + page - 1) / page * page
        var flags = MAP_PRIVATE | MAP_ANON
        #if os(Linux)
            flags |= MAP_NORESERVE
        #endif
        // Linux spells the failure value as a macro that Swift does not see.
        let failed = UnsafeMutableRawPointer(bitPattern: -1)
        guard byteCount > 0, let base = mmap(nil, byteCount, PROT_NONE, flags, -1, 0), base != failed else {
            throw CheckpointError(
                .unreadable, file: archive.files.first ?? "weights",
                problem: "\(byteCount) bytes of addresses cannot be reserved (\(ReadOnlyFile.reason(errno)))",
                remedy: "raise the address space limit (ulimit -v)")
        }
        for shard in archive.shards {
            let place = base + shard.rangeOffset
            let mapped = mmap(
                place, shard.file.byteCount, PROT_READ, MAP_PRIVATE | MAP_FIXED, shard.file.descriptor, 0)
            guard mapped == place else {
                let reason = ReadOnlyFile.reason(errno)
                munmap(base, byteCount)
                throw CheckpointError(
                    .unreadable, file: shard.file.name, problem: "cannot be mapped into memory (\(reason))",
                    remedy: "put the checkpoint on a local disk")
            }
        }
        let poolSize = byteCount - archive.rangeByteCount
        if poolSize > 0, mprotect(base + archive.rangeByteCount, poolSize, PROT_READ | PROT_WRITE) != 0 {
            let reason = ReadOnlyFile.reason(errno)
            munmap(base, byteCount)
            throw CheckpointError(
                .unreadable, file: archive.files.first ?? "weights", problem: "no memory for constants (\(reason))",
                remedy: "free some memory")
        }
        self.archive = archive
        self.byteCount = byteCount
        self.base = base
        poolOffset = archive.rangeByteCount
        pool = ConstantRegion(
            base: base, part: archive.rangeByteCount..<byteCount, file: archive.files.first ?? "weights")
    }

    deinit {
        munmap(base, byteCount)
    }

    /// Makes room in the pool, lets the caller build bytes for their place, and copies them there.
    ///
    /// - Parameter build: gets the place, an offset in the range and a multiple of 64, and returns what belongs there
    ///   beside anything else it made.
    /// - Throws: `CheckpointError` (`misuse`) when the pool is full, and what `build` throws.
    public func place<Result>(_ build: (Int) throws -> (bytes: [UInt8], result: Result)) throws -> Result {
        try pool.place(build)
    }

    /// The whole range, to lend to a library that keeps pointing at it.
    ///
    /// Unsafe: valid only while this object lives, which the caller must see to (compiled models and requests that
    /// point here hold a reference).
    public var unsafeRange: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: byteCount)
    }

    /// Lends the whole range for the length of a call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(unsafeRange) }
    }

    /// Lends one tensor's bytes for the length of a call.
    /// - Throws: `CheckpointError` (`misuse`) when the entry lies outside the range, and what `body` throws.
    public func withUnsafeBytes<Result>(
        of tensor: TensorEntry, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        guard tensor.byteOffset >= 0, tensor.byteCount >= 0, tensor.byteOffset <= byteCount,
            tensor.byteCount <= byteCount - tensor.byteOffset
        else {
            throw CheckpointError(
                .misuse, file: tensor.file,
                problem: "tensor \(CheckpointError.quoted(tensor.name)) is not of this range",
                remedy: "pass an entry of the same archive")
        }
        return try withUnsafeBytes { range in
            try body(UnsafeRawBufferPointer(rebasing: range[tensor.byteOffset..<tensor.byteOffset + tensor.byteCount]))
        }
    }
}
