/// Position ids of the visual tokens that are kept, and of what follows them.
public enum TokenPositions: String, Sendable, CaseIterable {
    /// One after the other, as if there had been no others: HiRED's own.
    case packed
    /// Those of the picture's full sequence; what follows the picture has the positions that it has without dropping.
    case original

    public init(parsing text: String) throws(HiREDError) {
        guard let positions = TokenPositions(rawValue: text) else { throw .unknownPositions(text) }
        self = positions
    }
}

extension TokenSelection {
    /// Where each slot stands in the picture's full sequence (``FullStrategy``), separators counted; ascending.
    ///
    /// - Throws: `HiREDError.invalidSelection` for slots that are not in it, such as sums. O(tokens of the layout).
    public func originalPositions(in layout: PartitionLayout) throws(HiREDError) -> [Int] {
        let all = TokenSelection(full: layout, allocation: allocation).slots
        var place = 0
        var result: [Int] = []
        result.reserveCapacity(slots.count)
        for slot in slots {
            // Packing keeps the order, so the next separator is that of the same row.
            while place < all.count, all[place] != slot { place += 1 }
            guard place < all.count else { throw .invalidSelection("not every slot has a place in the full sequence") }
            result.append(place)
            place += 1
        }
        return result
    }
}
