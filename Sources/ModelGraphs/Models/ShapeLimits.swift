/// Bounds on configuration values, so that sizes computed from a broken `config.json` stay within an `Int`.
enum ShapeLimits {
    static func check(_ key: String, _ value: Int, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw GraphError.configuration(
                key: key, reason: "is \(value), outside \(range.lowerBound) to \(range.upperBound)")
        }
    }

    static func check(_ key: String, _ value: Double) throws {
        guard value.isFinite, value > 0 else {
            throw GraphError.configuration(key: key, reason: "is \(value), not a positive number")
        }
    }

    static let widths = 1...(1 << 20)
    static let layers = 1...1024
    static let heads = 1...4096
    static let vocabulary = 1...(1 << 24)
    static let pixels = 1...(1 << 14)
}
