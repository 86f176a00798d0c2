public import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// All safetensors shards of a checkpoint, mapped read-only into one reserved range of addresses, so that one tensor can
/// stand for all weights; behind them a pool of ordinary memory for small constants.
///
/// The range lives as long as this object: whoever hands its addresses on retains it.
///
/// `@unchecked Sendable`: after construction the mapped part is never written, and the pool's free place moves under a
/// lock.
public final class MappedWeights: @unchecked Sendable {
    /// Offsets count from the range's start. An entry that is not aligned for its type in the file was copied to the pool.
    public let tensors: [String: TensorEntry]
    /// Length of the whole range in bytes.
    public let byteCount: Int
    /// Sum of the shards' sizes in bytes.
    public let fileByteCount: Int
    public let files: [URL]
    private let base: UnsafeMutableRawPointer
    private let lock = NSLock()
    private var poolNext: Int

    /// Ordinary memory for constants; takes no memory until it is written.
    private static let poolSize = 64 << 20

    /// - Throws: `CheckpointError` for damaged files, tensors that stand in two shards, or a mapping that fails.
    public init(shards: [URL]) throws(CheckpointError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        func rounded(_ size: Int) -> Int { (size + page - 1) / page * page }

        var headers: [(url: URL, size: Int, header: SafetensorsHeader)] = []
        var unaligned = 0
        for url in shards {
            let header = try SafetensorsHeader(contentsOf: url)
            let size = (try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int) ?? 0
            headers.append((url, size, header))
            for tensor in header.tensors.values where tensor.byteOffset % tensor.type.byteWidth != 0 {
                unaligned += tensor.byteCount + 64
            }
        }
        let mappedSize = headers.reduce(0) { $0 + rounded($1.size) }
        let total = mappedSize + rounded(Self.poolSize + unaligned)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let range = mmap(nil, total, PROT_READ | PROT_WRITE, flags, -1, 0), range != MAP_FAILED else {
            throw .unreadable(
                path: shards.first?.path ?? "", reason: "no \(total) bytes of addresses could be reserved")
        }
        base = range
        byteCount = total
        files = shards
        fileByteCount = headers.reduce(0) { $0 + $1.size }
        poolNext = mappedSize

        var tensors: [String: TensorEntry] = [:]
        var problem: CheckpointError?
        var start = 0
        for (url, size, header) in headers {
            if let failed = Self.map(url, size: size, at: range + start) {
                problem = failed
                break
            }
            for (name, entry) in header.tensors {
                var entry = entry
                entry.byteOffset += start
                if entry.byteOffset % entry.type.byteWidth != 0 {
                    let place = (poolNext + 63) & ~63
                    (range + place).copyMemory(from: range + entry.byteOffset, byteCount: entry.byteCount)
                    entry.byteOffset = place
                    poolNext = place + entry.byteCount
                }
                if tensors.updateValue(entry, forKey: name) != nil {
                    problem = .malformed(path: url.path, reason: "tensor '\(name)' also stands in another shard")
                }
            }
            start += rounded(size)
        }
        self.tensors = tensors
        if let problem {
            munmap(range, total)
            throw problem
        }
    }

    deinit { munmap(base, byteCount) }

    private static func map(_ url: URL, size: Int, at address: UnsafeMutableRawPointer) -> CheckpointError? {
        let descriptor = open(url.path, O_RDONLY)
        guard descriptor >= 0 else { return .unreadable(path: url.path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        guard mmap(address, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) != MAP_FAILED else {
            return .unreadable(path: url.path, reason: String(cString: strerror(errno)))
        }
        return nil
    }

    /// The range's first byte. Valid while this object lives; the mapped part must not be written.
    public var unsafeBaseAddress: UnsafeMutableRawPointer { base }

    /// Copies constants into the pool.
    ///
    /// - Returns: their offset from the range's start, a multiple of 64.
    /// - Throws: `CheckpointError.unsupported` when the pool is full.
    public func addConstants(_ bytes: [UInt8]) throws(CheckpointError) -> Int {
        lock.lock()
        defer { lock.unlock() }
        let place = (poolNext + 63) & ~63
        guard place + bytes.count <= byteCount else {
            throw .unsupported(
                path: files.first?.path ?? "", found: "\(bytes.count) bytes of constants",
                supported: "up to \(Self.poolSize)")
        }
        bytes.withUnsafeBytes { source in
            guard let address = source.baseAddress else { return }
            (base + place).copyMemory(from: address, byteCount: source.count)
        }
        poolNext = place + bytes.count
        return place
    }

    /// Lends a tensor's bytes.
    public func withBytes<Result>(of entry: TensorEntry, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result
    {
        try body(UnsafeRawBufferPointer(start: base + entry.byteOffset, count: entry.byteCount))
    }
}
