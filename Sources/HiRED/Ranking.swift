/// Choosing the largest values of a row.
enum Ranking {
    /// The indices of the `count` largest values among `candidates`, ascending. Ties go to the lower index.
    /// O(n log n) on packed integers.
    static func largest(_ count: Int, of values: [Float], among candidates: some Sequence<Int>) -> [Int] {
        guard count > 0 else { return [] }
        // One integer holds value and index: descending value, then ascending index, is plain descending order.
        var keys = candidates.map { index in UInt64(ordered(values[index])) << 32 | UInt64(UInt32.max - UInt32(index)) }
        if count < keys.count {
            keys.sort(by: >)
            keys.removeLast(keys.count - count)
        }
        var indices = keys.map { Int(UInt32.max - UInt32(truncatingIfNeeded: $0)) }
        indices.sort()
        return indices
    }

    /// Bits whose unsigned order is the order of the numbers; both zeros are one.
    private static func ordered(_ value: Float) -> UInt32 {
        let bits = (value + 0).bitPattern
        return bits >> 31 == 1 ? ~bits : bits | 1 << 31
    }
}
