import Foundation

/// Numbers, as Python has them, within 64 bits.
enum JinjaNumber {
    enum Order { case less, equal, greater, unordered }

    /// Nil where one is no number.
    static func compare(_ left: JinjaValue, _ right: JinjaValue) -> Order? {
        switch (left, right) {
        case (.double(let a), .double(let b)): return order(a, b)
        case (.double(let a), _): return right.integer.map { order(a, $0) }
        case (_, .double(let b)):
            guard let a = left.integer else { return nil }
            switch order(b, a) {
            case .less: return .greater
            case .greater: return .less
            case let other: return other
            }
        default:
            guard let a = left.integer, let b = right.integer else { return nil }
            return a < b ? .less : a > b ? .greater : .equal
        }
    }

    private static func order(_ a: Double, _ b: Double) -> Order {
        a < b ? .less : a > b ? .greater : a == b ? .equal : .unordered
    }

    /// Exactly, also where the integer is no double.
    private static func order(_ a: Double, _ b: Int) -> Order {
        if a.isNaN { return .unordered }
        if a >= 0x1p63 { return .greater }
        if a < -0x1p63 { return .less }
        let whole = Int(a.rounded(.down))
        return whole < b ? .less : whole > b ? .greater : a == a.rounded(.down) ? .equal : .greater
    }

    static func real(_ value: JinjaValue) -> Double? {
        if case .double(let value) = value { return value }
        return value.integer.map(Double.init)
    }

    static func calculate(
        _ operation: JinjaArithmetic, _ left: JinjaValue, _ right: JinjaValue
    ) throws -> JinjaValue {
        if let a = left.integer, let b = right.integer { return try calculate(operation, a, b) }
        guard let a = real(left), let b = real(right) else {
            throw JinjaError.failed("'\(operation.rawValue)' is given \(left.typeName) and \(right.typeName)")
        }
        switch operation {
        case .add: return .double(a + b)
        case .subtract: return .double(a - b)
        case .multiply: return .double(a * b)
        case .divide:
            guard b != 0 else { throw JinjaError.failed("a division by zero") }
            return .double(a / b)
        case .divideToFloor: return .double(try floorDivision(a, b).quotient)
        case .remainder: return .double(try floorDivision(a, b).remainder)
        case .power: return .double(try power(a, b))
        }
    }

    private static func calculate(_ operation: JinjaArithmetic, _ a: Int, _ b: Int) throws -> JinjaValue {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide:
            guard b != 0 else { throw JinjaError.failed("a division by zero") }
            // Both are doubles, so that the quotient is rounded once.
            guard max(a.magnitude, b.magnitude) <= 1 << 53 else { throw JinjaError.bigInteger }
            return .double(Double(a) / Double(b))
        case .divideToFloor, .remainder:
            guard b != 0 else { throw JinjaError.failed("a division by zero") }
            if b == -1 {
                result = operation == .remainder ? (0, false) : (0).subtractingReportingOverflow(a)
            } else {
                let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
                let isBelow = remainder != 0 && (remainder < 0) != (b < 0)
                result = (operation == .remainder ? remainder + (isBelow ? b : 0) : quotient - (isBelow ? 1 : 0), false)
            }
        case .power:
            guard b >= 0 else {
                return .double(try power(Double(a), Double(b)))
            }
            return .int(try power(a, b))
        }
        guard !result.overflow else { throw JinjaError.bigInteger }
        return .int(result.partialValue)
    }

    private static func power(_ base: Int, _ exponent: Int) throws -> Int {
        if base == 0 || base == 1 || exponent == 0 { return exponent == 0 ? 1 : base }
        if base == -1 { return exponent % 2 == 0 ? 1 : -1 }
        guard exponent < 64 else { throw JinjaError.bigInteger }
        var result = 1
        for _ in 0..<exponent {
            let (product, overflows) = result.multipliedReportingOverflow(by: base)
            guard !overflows else { throw JinjaError.bigInteger }
            result = product
        }
        return result
    }

    private static func power(_ a: Double, _ b: Double) throws -> Double {
        if a == 0, b < 0 { throw JinjaError.failed("zero is raised to a negative power") }
        let result = pow(a, b)
        if result.isNaN, !a.isNaN, !b.isNaN { throw JinjaError.unsupported("a complex number") }
        if result.isInfinite, a.isFinite, b.isFinite { throw JinjaError.failed("a power is too large") }
        return result
    }

    /// As `float.__divmod__`.
    private static func floorDivision(_ a: Double, _ b: Double) throws -> (quotient: Double, remainder: Double) {
        guard b != 0 else { throw JinjaError.failed("a division by zero") }
        var remainder = fmod(a, b)
        var quotient = (a - remainder) / b
        if remainder != 0 {
            if (b < 0) != (remainder < 0) {
                remainder += b
                quotient -= 1
            }
        } else {
            remainder = copysign(0, b)
        }
        if quotient != 0 {
            var whole = quotient.rounded(.down)
            if quotient - whole > 0.5 { whole += 1 }
            quotient = whole
        } else {
            quotient = copysign(0, a / b)
        }
        return (quotient, remainder)
    }

    static func signed(_ isMinus: Bool, _ value: JinjaValue) throws -> JinjaValue {
        if let integer = value.integer {
            let (result, overflows) = (0).subtractingReportingOverflow(integer)
            guard !isMinus || !overflows else { throw JinjaError.bigInteger }
            return .int(isMinus ? result : integer)
        }
        guard case .double(let value) = value else { throw JinjaError.failed("\(value.typeName) has no sign") }
        return .double(isMinus ? -value : value)
    }

    /// As Python prints a float.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        // Swift prints the same digits, but goes over to exponents elsewhere.
        let parts = "\(value.magnitude)".split(separator: "e")
        let digits = parts[0].split(separator: ".")
        let fraction = digits.count > 1 && digits[1] != "0" ? String(digits[1]) : ""
        let all = String(digits[0]) + fraction
        let significant = String(all.drop { $0 == "0" })
        let sign = value.sign == .minus ? "-" : ""
        guard !significant.isEmpty else { return sign + "0.0" }
        // The place of the point behind the first significant digit.
        let leading = all.count - significant.count
        let exponent = digits[0].count - leading - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        var trimmed = significant
        while trimmed.last == "0", trimmed.count > 1 { trimmed.removeLast() }
        if exponent < -4 || exponent >= 16 {
            let mantissa = trimmed.count > 1 ? "\(trimmed.prefix(1)).\(trimmed.dropFirst())" : trimmed
            let size = String(exponent.magnitude)
            return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + (size.count < 2 ? "0" + size : size)
        }
        if exponent < 0 {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + trimmed
        }
        let padded = trimmed + String(repeating: "0", count: max(0, exponent + 1 - trimmed.count))
        let rest = padded.dropFirst(exponent + 1)
        return sign + padded.prefix(exponent + 1) + "." + (rest.isEmpty ? "0" : rest)
    }
}
