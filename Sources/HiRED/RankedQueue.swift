/// Indices by value, the largest first; of equals the lowest index. A binary heap of packed integers.
struct RankedQueue {
    private var keys: [UInt64]

    /// O(n log n).
    init(_ entries: [(index: Int, value: Float)]) {
        // Descending order is a heap.
        keys = entries.map { Ranking.key($0.value, $0.index) }.sorted(by: >)
    }

    var first: Int? { keys.first.map(Ranking.index) }

    /// Gives the first another value, no larger than its own. O(log n).
    mutating func lowerFirst(to value: Float) {
        guard let first else { return }
        keys[0] = Ranking.key(value, first)
        sink()
    }

    mutating func removeFirst() {
        guard let last = keys.popLast(), !keys.isEmpty else { return }
        keys[0] = last
        sink()
    }

    private mutating func sink() {
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < keys.count else { return }
            if child + 1 < keys.count, keys[child + 1] > keys[child] { child += 1 }
            guard keys[child] > keys[place] else { return }
            keys.swapAt(place, child)
            place = child
        }
    }
}
