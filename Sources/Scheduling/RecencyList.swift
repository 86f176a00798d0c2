/// Blocks in the order in which they were last let go, oldest first: a doubly linked list inside two arrays.
///
/// Every operation is O(1) and none allocates.
struct RecencyList: Sendable {
    private(set) var count = 0
    // The last element of each is the list's two ends; an unlinked block points at itself.
    private var next: [BlockID]
    private var previous: [BlockID]

    init(capacity: Int) {
        next = (0...capacity).map { BlockID($0) }
        previous = next
    }

    private var ends: BlockID { BlockID(next.count - 1) }

    /// Puts a block that is not in the list at its young end.
    mutating func append(_ block: BlockID) {
        let last = previous[Int(ends)]
        next[Int(last)] = block
        previous[Int(block)] = last
        next[Int(block)] = ends
        previous[Int(ends)] = block
        count += 1
    }

    /// Takes a block of the list out of it.
    mutating func remove(_ block: BlockID) {
        let before = previous[Int(block)]
        let after = next[Int(block)]
        next[Int(before)] = after
        previous[Int(after)] = before
        next[Int(block)] = block
        previous[Int(block)] = block
        count -= 1
    }

    /// Takes the oldest block out.
    mutating func popFirst() -> BlockID? {
        let first = next[Int(ends)]
        guard first != ends else { return nil }
        remove(first)
        return first
    }

    /// All blocks, oldest first. O(n), for checks.
    var elements: [BlockID] {
        var result: [BlockID] = []
        var block = next[Int(ends)]
        // Bounded, so that a broken list is reported and does not hang its check.
        while block != ends, result.count <= next.count {
            result.append(block)
            block = next[Int(block)]
        }
        return result
    }
}
