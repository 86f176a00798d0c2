/// The blocks of a paged key-value cache: who uses which, and which can be found again by what they hold.
///
/// A block is in one of three states:
/// - *free*: nobody uses it and its content is worth nothing;
/// - *referenced*: one block table or more holds it;
/// - *cached*: no table holds it, but it has a key, so that a prompt with the same beginning can still take it. Cached
///   blocks are given up one by one, the longest unused first, once no free block is left.
///
/// A block with a key never changes. This type moves numbers only; the cache memory belongs to the runtime.
/// Paging after Kwon et al., "Efficient Memory Management for Large Language Model Serving with PagedAttention",
/// SOSP 2023.
public struct BlockPool: Sendable {
    /// All blocks, in use or not.
    public let blockCount: Int
    /// Tokens a block holds.
    public let blockSize: Int

    /// How many block tables hold each block.
    var references: [Int32]
    /// The key of each block that has one.
    var keys: [BlockKey?]
    /// Where the content of a key lies.
    var index: [BlockKey: BlockID] = [:]
    /// Unused blocks without a key; the last one goes first.
    var free: [BlockID]
    /// Unused blocks with a key.
    var cached: RecencyList

    /// - Throws: `SchedulingError.outOfRange` for sizes below 1 or more tokens than 2^31 - 1.
    public init(blockCount: Int, blockSize: Int = 32) throws(SchedulingError) {
        let most = Int(Int32.max)
        try SchedulingError.check("blockSize", blockSize, in: 1...most)
        try SchedulingError.check("blockCount", blockCount, in: 1...(most / blockSize))
        self.blockCount = blockCount
        self.blockSize = blockSize
        references = Array(repeating: 0, count: blockCount)
        keys = Array(repeating: nil, count: blockCount)
        free = (0..<BlockID(blockCount)).reversed()
        cached = RecencyList(capacity: blockCount)
        index.reserveCapacity(blockCount)
    }

    /// Blocks held by at least one table.
    public var usedBlocks: Int { blockCount - availableBlocks }
    /// Blocks nobody uses that can still be found by their keys.
    public var cachedBlocks: Int { cached.count }
    /// Blocks nobody uses whose content is worth nothing.
    public var freeBlocks: Int { free.count }
    /// Blocks that `allocate` can still give: the free and the cached ones.
    public var availableBlocks: Int { free.count + cached.count }

    /// Blocks needed for this many tokens.
    public func blocks(forTokens tokens: Int) -> Int { Self.blocks(forTokens: tokens, blockSize: blockSize) }

    /// Blocks of a size that are needed for this many tokens.
    public static func blocks(forTokens tokens: Int, blockSize: Int) -> Int {
        tokens / blockSize + (tokens % blockSize == 0 ? 0 : 1)
    }

    /// How many tables hold a block.
    public func referenceCount(of block: BlockID) -> Int { Int(references[Int(block)]) }

    /// A block for one table to write into, without a key; nil when all are in use. O(1).
    public mutating func allocate() -> BlockID? {
        guard let block = free.popLast() ?? evictLongestUnused() else { return nil }
        references[Int(block)] = 1
        return block
    }

    /// Free blocks for a moment, whose content may be overwritten; nil where there are not so many. O(count).
    mutating func takeFree(_ count: Int) -> [BlockID]? {
        guard count <= free.count else { return nil }
        let blocks = Array(free.suffix(count))
        free.removeLast(count)
        return blocks
    }

    /// Takes back what `takeFree` gave.
    mutating func giveBack(_ blocks: [BlockID]) { free += blocks }

    /// One more table holds the block, which is referenced or cached. O(1).
    public mutating func retain(_ block: BlockID) {
        if references[Int(block)] == 0 {
            precondition(keys[Int(block)] != nil, "a free block must be allocated, not retained")
            cached.remove(block)
        }
        references[Int(block)] += 1
    }

    /// One table lets the block go. The last one makes it cached or free. O(1).
    public mutating func release(_ block: BlockID) {
        precondition(references[Int(block)] > 0, "a block was released more often than it was taken")
        references[Int(block)] -= 1
        guard references[Int(block)] == 0 else { return }
        if keys[Int(block)] == nil { free.append(block) } else { cached.append(block) }
    }

    /// Lets a whole table go, its end first: a prefix can be used without what follows it, but not the other way round,
    /// so the end must be given up before the beginning.
    public mutating func release(table: [BlockID]) {
        for block in table.reversed() { release(block) }
    }

    /// Copy-on-write: the block that a table may write into instead of `block`, which it holds.
    ///
    /// The same block if no other table holds it; it loses its key, since its content is about to change. Otherwise a
    /// new block, into which the caller must copy the old one's content; the table then no longer holds the old one.
    /// Nil, with nothing changed, when a new one is needed and none is left. O(1).
    public mutating func makeWritable(_ block: BlockID) -> BlockID? {
        if references[Int(block)] == 1 {
            withdrawKey(of: block)
            return block
        }
        guard let copy = allocate() else { return nil }
        release(block)
        return copy
    }
}
