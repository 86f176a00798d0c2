import Testing

@testable import Scheduling

@Suite struct BlockPoolTests {
    private func key(_ number: UInt64) -> BlockKey { BlockKey(number, 0, 0, number) }

    @Test(arguments: [(0, 32), (-1, 32), (4, 0), (Int.max, 32), (1 << 30, 1 << 20)])
    func impossibleSizesAreErrors(_ blockCount: Int, _ blockSize: Int) {
        #expect(throws: SchedulingError.self) { try BlockPool(blockCount: blockCount, blockSize: blockSize) }
    }

    @Test func blocksForTokensRoundUp() throws {
        let pool = try BlockPool(blockCount: 4)
        #expect([0, 1, 31, 32, 33, 64, 65].map(pool.blocks(forTokens:)) == [0, 1, 1, 1, 2, 2, 3])
        #expect(pool.blocks(forTokens: .max) == Int.max / 32 + 1)
    }

    @Test func everyBlockIsGivenOnceAndThenNone() throws {
        var pool = try BlockPool(blockCount: 5, blockSize: 2)
        let blocks = (0..<5).compactMap { _ in pool.allocate() }
        #expect(Set(blocks) == Set(0..<5))
        #expect(pool.allocate() == nil)
        #expect(pool.usedBlocks == 5)
        try pool.checkInvariants(tables: [blocks])
        pool.release(table: blocks)
        #expect(pool.availableBlocks == 5)
        try pool.checkInvariants(tables: [])
    }

    @Test func aBlockIsLetGoByItsLastTable() throws {
        var pool = try BlockPool(blockCount: 1, blockSize: 2)
        let block = try #require(pool.allocate() as BlockID?)
        pool.retain(block)
        pool.release(block)
        #expect(pool.referenceCount(of: block) == 1)
        #expect(pool.allocate() == nil)
        pool.release(block)
        #expect(pool.allocate() == block)
    }

    /// Free blocks go first, then the cached ones in the order in which they were let go; taking one up again renews it.
    @Test func theLongestUnusedBlockIsEvicted() throws {
        var pool = try BlockPool(blockCount: 5, blockSize: 2)
        let blocks = (0..<5).compactMap { _ in pool.allocate() }
        for block in blocks.prefix(4) { pool.publish(block, as: key(UInt64(block))) }
        for place in [2, 0, 4, 3, 1] { pool.release(blocks[place]) }
        #expect(pool.cachedBlocks == 4)
        pool.retain(blocks[2])
        pool.release(blocks[2])
        try pool.checkInvariants(tables: [])
        let order = (0..<5).compactMap { _ in pool.allocate() }
        #expect(order == [4, 0, 3, 1, 2].map { blocks[$0] })
        #expect(pool.index.isEmpty)
    }

    /// What follows a prefix is given up before the prefix.
    @Test func aTableIsEvictedFromItsEnd() throws {
        var pool = try BlockPool(blockCount: 3, blockSize: 2)
        let table = (0..<3).compactMap { _ in pool.allocate() }
        let keys = (0..<3).map { key($0) }
        for (block, key) in zip(table, keys) { pool.publish(block, as: key) }
        pool.release(table: table)
        for left in [2, 1, 0] {
            _ = pool.allocate()
            #expect(pool.longestPrefix(of: keys).found == left)
        }
    }

    @Test func thePrefixEndsAtTheFirstGap() throws {
        var pool = try BlockPool(blockCount: 3, blockSize: 2)
        let table = (0..<3).compactMap { _ in pool.allocate() }
        for (block, number) in zip(table, [0, 1, 3]) { pool.publish(block, as: key(UInt64(number))) }
        pool.release(table[0])
        let prefix = pool.longestPrefix(of: (0..<4).map { key($0) })
        #expect(prefix.found == 2)
        #expect(prefix.referenced == 1)
        #expect(pool.longestPrefix(of: []).found == 0)
    }

    /// Keys that differ in any word are different.
    @Test(arguments: 0..<4) func everyWordOfAKeyCounts(_ word: Int) throws {
        var words: [UInt64] = [1, 2, 3, 4]
        let key = BlockKey(words[0], words[1], words[2], words[3])
        words[word] += 1
        let other = BlockKey(words[0], words[1], words[2], words[3])
        #expect(key != other)
        var pool = try BlockPool(blockCount: 1, blockSize: 2)
        let block = try #require(pool.allocate() as BlockID?)
        pool.publish(block, as: key)
        #expect(pool.block(for: key) == block)
        #expect(pool.block(for: other) == nil)
    }

    @Test func theFirstOfTwoEqualBlocksIsTheFindableOne() throws {
        var pool = try BlockPool(blockCount: 2, blockSize: 2)
        let blocks = (0..<2).compactMap { _ in pool.allocate() }
        for block in blocks { pool.publish(block, as: key(9)) }
        #expect(pool.block(for: key(9)) == blocks[0])
        pool.release(blocks[1])
        #expect(pool.cachedBlocks == 0)
        pool.release(blocks[0])
        #expect(pool.cachedBlocks == 1)
        try pool.checkInvariants(tables: [])
    }

    /// A chunk needs a copy of the shared block it begins in and another block; with one left, nothing may happen.
    @Test(arguments: [(2, false), (3, true)])
    func aTableIsCoveredWhollyOrNotAtAll(_ blockCount: Int, _ isCovered: Bool) throws {
        var pool = try BlockPool(blockCount: blockCount, blockSize: 4)
        let shared = try #require(pool.allocate() as BlockID?)
        pool.retain(shared)
        var sequence = SequenceState(
            id: 1, seniority: Seniority(arrival: 1, fork: 0), promptLength: 8, maximumNewTokens: 1,
            keys: [], computed: 2, scheduled: 6, blocks: [shared])
        var copies: [BlockCopy] = []
        #expect(pool.cover(&sequence, copies: &copies) == isCovered)
        #expect(sequence.blocks.count == (isCovered ? 2 : 1))
        #expect(copies.map(\.source) == (isCovered ? [shared] : []))
        try pool.checkInvariants(tables: [[shared], sequence.blocks])
    }

    @Test func aSharedBlockIsCopiedAndAnUnsharedOneLosesItsKey() throws {
        var pool = try BlockPool(blockCount: 2, blockSize: 2)
        let block = try #require(pool.allocate() as BlockID?)
        pool.publish(block, as: key(1))
        pool.retain(block)
        let copy = try #require(pool.makeWritable(block) as BlockID?)
        #expect(copy != block)
        #expect(pool.referenceCount(of: block) == 1)
        #expect(pool.block(for: key(1)) == block)
        try pool.checkInvariants(tables: [[block], [copy]])

        pool.retain(block)
        #expect(pool.makeWritable(block) == nil)
        try pool.checkInvariants(tables: [[block], [block], [copy]])
        pool.release(block)

        #expect(pool.makeWritable(block) == block)
        #expect(pool.block(for: key(1)) == nil)
        try pool.checkInvariants(tables: [[block], [copy]])
    }
}
