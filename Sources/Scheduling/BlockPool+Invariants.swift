extension BlockPool {
    /// Compares the whole bookkeeping with the block tables that are in use. O(blocks), for tests.
    ///
    /// - Throws: `InvariantViolation` with the first thing that is wrong.
    public func checkInvariants(tables: [[BlockID]]) throws(InvariantViolation) {
        var counted = [Int32](repeating: 0, count: blockCount)
        for table in tables {
            for block in table { counted[Int(block)] += 1 }
            try InvariantViolation.check(Set(table).count == table.count, "a table holds a block twice")
        }
        let cachedBlocks = cached.elements
        try InvariantViolation.check(cachedBlocks.count == cached.count, "the list of cached blocks is broken")
        let unused = free + cachedBlocks
        try InvariantViolation.check(Set(unused).count == unused.count, "a block is free or cached twice")
        let referenced = references.count { $0 > 0 }
        try InvariantViolation.check(
            unused.count + referenced == blockCount,
            "\(free.count) free, \(cached.count) cached and \(referenced) referenced blocks of \(blockCount)")
        for block in 0..<blockCount {
            try InvariantViolation.check(
                references[block] == counted[block],
                "block \(block) has \(references[block]) references and is in \(counted[block]) tables")
            guard let key = keys[block] else { continue }
            try InvariantViolation.check(index[key] == BlockID(block), "block \(block) has a key and cannot be found")
        }
        for block in unused {
            try InvariantViolation.check(references[Int(block)] == 0, "block \(block) is in use and can be allocated")
        }
        try InvariantViolation.check(free.allSatisfy { keys[Int($0)] == nil }, "a free block has a key")
        try InvariantViolation.check(cachedBlocks.allSatisfy { keys[Int($0)] != nil }, "a cached block has no key")
        try InvariantViolation.check(
            index.count == keys.count { $0 != nil }, "the index and the blocks' keys are not the same")
    }
}
