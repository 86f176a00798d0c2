import ElementTypes
import Foundation
import OpenVINO
import Scheduling

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The blocks of keys and values of all layers.
///
/// Memory is taken from the system when a block is first written, so a pool costs what was used of it at most.
final class KeyValueCache {
    let blockCount: Int
    /// One more block, which no sequence has: what is written there is never read.
    var scratchBlock: BlockID { BlockID(blockCount) }
    /// Bytes that one block takes in all layers.
    let bytesPerBlock: Int
    /// Tokens in one block.
    let blockSize: Int
    private let memories: [(memory: ZeroedMemory, blockBytes: Int)]

    /// Makes a tensor for each cache port and binds it to the request.
    ///
    /// Types and shapes are the compiled model's: they depend on precision and processor.
    init(_ ports: [OpenVINO.Port], blockCount: Int, request: InferRequest) throws {
        self.blockCount = blockCount
        blockSize = try Self.blockSize(ports)
        memories = try ports.map { port in
            let block = Self.blockShape(port)
            let blockBytes = Self.blockBytes(port)
            let memory = try ZeroedMemory(byteCount: (blockCount + 1) * blockBytes)
            guard let elementType = port.elementType else {
                throw InferenceError.unsupportedModel(
                    "the runtime stores \(port.name) in a type that is unknown here",
                    remedy: "give another storage of keys and values")
            }
            try request.set(
                port.name,
                Tensor(elementType, shape: [blockCount + 1] + block, memory: memory.address, owner: memory))
            return (memory, blockBytes)
        }
        bytesPerBlock = memories.reduce(0) { $0 + $1.blockBytes }
    }

    /// Tokens in one block. Keys may have further rows for their scales, or lie transposed; values do not.
    ///
    /// - Throws: `InferenceError.unsupportedModel` where the ports do not say.
    static func blockSize(_ ports: [OpenVINO.Port]) throws -> Int {
        let shape = ports.first { $0.name.hasPrefix(PortName.valueCachePrefix) }?.shape ?? []
        guard shape.count == 4, let tokens = shape[2], tokens > 0 else {
            throw InferenceError.unsupportedModel(
                "the runtime does not say how many tokens a block of its cache holds", remedy: "use the device CPU")
        }
        return tokens
    }

    /// Bytes that one block takes in all layers.
    static func bytesPerBlock(_ ports: [OpenVINO.Port]) -> Int { ports.reduce(0) { $0 + blockBytes($1) } }

    private static func blockShape(_ port: OpenVINO.Port) -> [Int] { (port.shape ?? []).dropFirst().map { $0 ?? 1 } }

    private static func blockBytes(_ port: OpenVINO.Port) -> Int {
        blockShape(port).reduce(1, *) * (port.elementType?.bitWidth ?? 0) / 8
    }

    /// Gives the memory back to the system; every block is zero again.
    func releasePages() { for (memory, _) in memories { memory.releasePages() } }

    /// Sets every byte. For tests: what blocks held before must not matter.
    func fill(_ byte: UInt8) { for (memory, _) in memories { memory.fill(byte) } }

    /// Copies a block in all layers. The block is the outermost dimension, so each copy is one run of bytes.
    func copy(_ copy: BlockCopy) {
        for (memory, bytes) in memories {
            (memory.address + Int(copy.target) * bytes).copyMemory(
                from: memory.address + Int(copy.source) * bytes, byteCount: bytes)
        }
    }
}

/// Anonymous memory, all zero, that the system provides page by page when it is touched.
final class ZeroedMemory {
    let address: UnsafeMutableRawPointer
    private let byteCount: Int

    init(byteCount: Int) throws {
        var flags = MAP_PRIVATE | MAP_ANON
        #if os(Linux)
            flags |= MAP_NORESERVE
        #endif
        self.byteCount = max(byteCount, 1)
        guard let address = mmap(nil, self.byteCount, PROT_READ | PROT_WRITE, flags, -1, 0),
            address != UnsafeMutableRawPointer(bitPattern: -1)
        else { throw InferenceError.insufficientMemory(needed: byteCount, available: 0) }
        self.address = address
    }

    /// All zero again, and not in memory until it is touched.
    func releasePages() { madvise(address, byteCount, MADV_DONTNEED) }

    func fill(_ byte: UInt8) { memset(address, Int32(byte), byteCount) }

    deinit { munmap(address, byteCount) }
}
