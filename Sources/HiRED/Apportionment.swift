/// Sharing whole tokens out in proportion to scores.
enum Apportionment {
    /// Shares `amount` over places with capacities, in proportion to scores, by largest remainder.
    ///
    /// What a full place cannot take is shared again among the open ones; when every open place scores 0, by capacity.
    /// Remainders are compared as doubles, ties go to the lower index. O(places²).
    ///
    /// - Returns: the shares, which sum to min(amount, sum of capacities).
    static func share(_ amount: Int, scores: [Double], capacities: [Int]) -> [Int] {
        var shares = [Int](repeating: 0, count: scores.count)
        var ideal = [Double](repeating: 0, count: scores.count)
        var open = capacities.indices.filter { capacities[$0] > 0 }
        var left = min(amount, capacities.reduce(0, +))
        var weights = scores.map { max($0, 0) }

        // Places whose ideal share exceeds their capacity are filled; the rest is divided anew.
        while !open.isEmpty, left > 0 {
            var sum = open.reduce(0.0) { $0 + weights[$1] }
            if sum <= 0 {
                for place in open { weights[place] = Double(capacities[place]) }
                sum = open.reduce(0.0) { $0 + weights[$1] }
            }
            for place in open { ideal[place] = Double(left) * weights[place] / sum }
            let full = open.filter { ideal[$0] >= Double(capacities[$0]) }
            guard !full.isEmpty else { break }
            for place in full {
                shares[place] = min(capacities[place], left)
                left -= shares[place]
            }
            open.removeAll { ideal[$0] >= Double(capacities[$0]) }
        }

        for place in open where left > 0 {
            shares[place] = min(Int(ideal[place]), capacities[place])
        }
        left -= open.reduce(0) { $0 + shares[$1] }
        // Rounding can leave more than one token a place only where a place is full, hence the repetition.
        while left > 0 {
            let candidates = open.filter { shares[$0] < capacities[$0] }
            guard !candidates.isEmpty else { break }
            let order = candidates.sorted { lhs, rhs in
                let (a, b) = (ideal[lhs] - Double(shares[lhs]), ideal[rhs] - Double(shares[rhs]))
                return a != b ? a > b : lhs < rhs
            }
            for place in order.prefix(left) { shares[place] += 1 }
            left -= min(left, order.count)
        }
        return shares
    }
}
