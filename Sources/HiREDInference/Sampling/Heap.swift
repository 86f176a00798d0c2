/// A binary heap in place, with the element that precedes all others at index 0.
extension UnsafeMutableBufferPointer {
    /// O(n).
    func makeHeap(by precedes: (Element, Element) -> Bool) {
        for index in stride(from: count / 2 - 1, through: 0, by: -1) {
            siftDown(from: index, count: count, by: precedes)
        }
    }

    /// Restores the heap of the first `count` elements where only the one at `index` may stand too high. O(log count).
    func siftDown(from index: Int, count: Int, by precedes: (Element, Element) -> Bool) {
        var parent = index
        while true {
            var child = 2 * parent + 1
            guard child < count else { return }
            if child + 1 < count, precedes(self[child + 1], self[child]) { child += 1 }
            guard precedes(self[child], self[parent]) else { return }
            swapAt(child, parent)
            parent = child
        }
    }
}
