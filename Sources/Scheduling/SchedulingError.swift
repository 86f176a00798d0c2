/// Why a pool or a scheduler cannot be made.
public enum SchedulingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A size or limit is outside the range it must lie in.
    case outOfRange(name: String, value: Int, allowed: ClosedRange<Int>)

    public var description: String {
        switch self {
        case .outOfRange(let name, let value, let allowed):
            "\(name) is \(value); it must be from \(allowed.lowerBound) to \(allowed.upperBound)"
        }
    }

    static func check(_ name: String, _ value: Int, in allowed: ClosedRange<Int>) throws(SchedulingError) {
        guard allowed.contains(value) else { throw .outOfRange(name: name, value: value, allowed: allowed) }
    }
}

/// What a check of the bookkeeping found wrong: always a fault of this module, never of its input.
public struct InvariantViolation: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }

    static func check(_ holds: Bool, _ description: @autoclosure () -> String) throws(InvariantViolation) {
        guard holds else { throw InvariantViolation(description()) }
    }
}
