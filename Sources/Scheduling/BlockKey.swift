/// The place of a block in a paged cache, 0 to block count - 1; the attention kernels read block tables of this type.
public typealias BlockID = Int32

/// Names the content of one full cache block: a 256-bit digest over everything that produced it.
///
/// The caller computes it as a hash chain (the key of the block before it, then this block's tokens and images, and what
/// else changes the cache: model, precision), so that equal keys mean equal blocks at equal positions. Only a
/// cryptographic hash may be used: a collision would show one user's context to another.
public struct BlockKey: Hashable, Sendable {
    public let words: (UInt64, UInt64, UInt64, UInt64)

    public init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        words = (first, second, third, fourth)
    }

    public static func == (left: BlockKey, right: BlockKey) -> Bool { left.words == right.words }

    /// One word is enough: the bits of a digest are uniform already.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
