/// Values within a bound of bytes; the one not asked for the longest goes first.
package struct LeastRecentlyUsed<Key: Hashable & Sendable, Value> {
    package let byteLimit: Int
    package private(set) var byteCount = 0
    private var entries: [Key: (value: Value, byteCount: Int, used: UInt64)] = [:]
    private var clock: UInt64 = 0

    package init(byteLimit: Int) { self.byteLimit = byteLimit }

    package subscript(key: Key) -> Value? {
        mutating get {
            clock += 1
            entries[key]?.used = clock
            return entries[key]?.value
        }
    }

    /// Keeps a value if it fits at all. O(entries) for each one that goes: there are few, and they are large.
    package mutating func insert(_ value: Value, byteCount size: Int, for key: Key) {
        if let old = entries.removeValue(forKey: key) { byteCount -= old.byteCount }
        guard size <= byteLimit else { return }
        while byteCount + size > byteLimit, let oldest = entries.min(by: { $0.value.used < $1.value.used }) {
            entries.removeValue(forKey: oldest.key)
            byteCount -= oldest.value.byteCount
        }
        clock += 1
        entries[key] = (value, size, clock)
        byteCount += size
    }
}
