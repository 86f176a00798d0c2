/// The prefix index: full blocks by what they hold.
extension BlockPool {
    /// The referenced or cached block with this key. O(1).
    public func block(for key: BlockKey) -> BlockID? { index[key] }

    /// How many of the first keys have a block, and how many of those blocks some table holds already.
    ///
    /// O(found). The found blocks that nobody holds count as available until they are retained.
    public func longestPrefix(of keys: [BlockKey]) -> (found: Int, referenced: Int) {
        var found = 0
        var referenced = 0
        for key in keys {
            guard let block = index[key] else { break }
            found += 1
            if references[Int(block)] > 0 { referenced += 1 }
        }
        return (found, referenced)
    }

    /// Makes a block that a table holds, and that is now full and will not change, findable by its key.
    ///
    /// Of two blocks with equal content the first stays the findable one. O(1).
    public mutating func publish(_ block: BlockID, as key: BlockKey) {
        precondition(references[Int(block)] > 0, "only the content of a block in use is known")
        guard keys[Int(block)] == nil, index[key] == nil else { return }
        keys[Int(block)] = key
        index[key] = block
    }

    /// Gives up the cached block that went unused for longest.
    mutating func evictLongestUnused() -> BlockID? {
        guard let block = cached.popFirst() else { return nil }
        withdrawKey(of: block)
        return block
    }

    mutating func withdrawKey(of block: BlockID) {
        guard let key = keys[Int(block)] else { return }
        index[key] = nil
        keys[Int(block)] = nil
    }
}
