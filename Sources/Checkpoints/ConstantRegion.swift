import Foundation

/// Ordinary memory behind mapped weights, in one address range with them, for small constants of graphs.
///
/// `@unchecked Sendable`: the pointer is set once; the memory behind it is written under a lock, each part of it once.
final class ConstantRegion: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let end: Int
    private let file: String
    private let lock = NSLock()
    private var next: Int

    /// - Parameters:
    ///   - base: start of the range, which outlives this object.
    ///   - part: offsets in the range that may be written.
    ///   - file: for messages.
    init(base: UnsafeMutableRawPointer, part: Range<Int>, file: String) {
        self.base = base
        self.file = file
        next = part.lowerBound
        end = part.upperBound
    }

    /// As ``MappedWeights/place(_:)`` says.
    func place<Result>(_ build: (Int) throws -> (bytes: [UInt8], result: Result)) throws -> Result {
        try lock.withLock {
            let offset = (next + 63) & ~63
            let (bytes, result) = try build(offset)
            guard offset <= end, bytes.count <= end - offset else {
                throw CheckpointError(
                    .misuse, file: file, problem: "\(bytes.count) bytes of constants do not fit the pool",
                    remedy: "ask for a larger pool")
            }
            bytes.withUnsafeBytes { source in
                if let address = source.baseAddress {
                    (base + offset).copyMemory(from: address, byteCount: source.count)
                }
            }
            next = offset + bytes.count
            return result
        }
    }
}
