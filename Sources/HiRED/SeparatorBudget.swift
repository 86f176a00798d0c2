/// Row separators count against the budget when they are kept.
enum SeparatorBudget {
    /// Drops the least valued tile tokens until tokens and the separators of their rows fit the budget.
    ///
    /// - Parameter value: of a token, by partition and index; higher is kept longer. Ties drop the later token first.
    static func fit(_ kept: inout [[Int]], layout: PartitionLayout, budget: Int?, value: (Int, Int) -> Float) {
        guard let budget, layout.tileCount > 0 else { return }
        var rowCounts = [Int](repeating: 0, count: layout.tileRows * layout.side)
        func row(_ partition: Int, _ index: Int) -> Int {
            (partition - 1) / layout.tileColumns * layout.side + index / layout.side
        }
        var order: [(partition: Int, index: Int, value: Float)] = []
        for partition in 1..<kept.count {
            for index in kept[partition] {
                rowCounts[row(partition, index)] += 1
                order.append((partition, index, value(partition, index)))
            }
        }
        var total = kept.reduce(0) { $0 + $1.count } + rowCounts.count { $0 > 0 }
        guard total > budget else { return }
        order.sort { ($0.value, -$0.partition, -$0.index) < ($1.value, -$1.partition, -$1.index) }
        var dropped = [Set<Int>](repeating: [], count: kept.count)
        for token in order {
            guard total > budget else { break }
            dropped[token.partition].insert(token.index)
            let place = row(token.partition, token.index)
            rowCounts[place] -= 1
            total -= rowCounts[place] == 0 ? 2 : 1
        }
        for partition in 1..<kept.count { kept[partition].removeAll { dropped[partition].contains($0) } }
    }
}
