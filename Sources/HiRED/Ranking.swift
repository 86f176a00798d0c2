/// Choosing the largest values of a row.
enum Ranking {
    /// The indices of the `count` largest values among `candidates`, ascending. Ties go to the lower index.
    /// O(n log n) on packed integers.
    static func largest(_ count: Int, of values: [Float], among candidates: some Sequence<Int>) -> [Int] {
        largestFirst(count, of: values, among: candidates).sorted()
    }

    /// The same from the largest value down.
    static func largestFirst(_ count: Int, of values: [Float], among candidates: some Sequence<Int>) -> [Int] {
        guard count > 0 else { return [] }
        var keys = candidates.map { key(values[$0], $0) }
        keys.sort(by: >)
        if count < keys.count { keys.removeLast(keys.count - count) }
        return keys.map(index)
    }

    /// One integer that holds value and index: descending value, then ascending index, is plain descending order.
    static func key(_ value: Float, _ index: Int) -> UInt64 {
        UInt64(ordered(value)) << 32 | UInt64(UInt32.max - UInt32(index))
    }

    static func index(_ key: UInt64) -> Int { Int(UInt32.max - UInt32(truncatingIfNeeded: key)) }

    /// Bits whose unsigned order is the order of the numbers; both zeros are one.
    private static func ordered(_ value: Float) -> UInt32 {
        let bits = (value + 0).bitPattern
        return bits >> 31 == 1 ? ~bits : bits | 1 << 31
    }
}
