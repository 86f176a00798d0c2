/// How many visual tokens of a picture may reach the language model.
public enum TokenBudget: Sendable, Hashable {
    /// No dropping: the model's own layout, row separators included.
    case full
    /// A share of all tokens of all partitions, above 0 and at most 100 %.
    case percentage(Percentage)
    /// An absolute number of tokens, at least 1.
    case tokens(Int)

    /// The budget B for a layout, `⌊r·(m+1)·N⌋` in exact integers; all tokens for `full`.
    ///
    /// - Throws: `HiREDError.invalidBudget` for less than one token.
    public func tokenCount(of total: Int) throws(HiREDError) -> Int {
        switch self {
        case .full: return total
        case .tokens(let count):
            guard count > 0 else { throw .invalidBudget("\(count)") }
            return count
        case .percentage(let share):
            let count = share.floor(of: total)
            guard count > 0 else { throw .invalidBudget("\(self) of \(total) tokens") }
            return count
        }
    }
}

/// An exact decimal percentage: `numerator / 10^scale` per cent.
public struct Percentage: Sendable, Hashable {
    /// Digits without the point: 125 for 12.5.
    public let numerator: Int
    /// Digits after the point, at most 6.
    public let scale: Int

    /// - Throws: `HiREDError.invalidBudget` unless the value is above 0 and at most 100.
    public init(numerator: Int, scale: Int = 0) throws(HiREDError) {
        guard (0...6).contains(scale), numerator > 0, numerator <= 100 * Self.power(scale) else {
            throw .invalidBudget("\(numerator)/10^\(scale)%")
        }
        self.numerator = numerator
        self.scale = scale
    }

    /// `⌊total · percentage / 100⌋` in integers: 35 % of 2880 is 1008, where doubles give 1007.
    public func floor(of total: Int) -> Int {
        guard total > 0 else { return 0 }
        // Full width: no total can overflow the product.
        let divisor = 100 * Self.power(scale)
        let product = total.multipliedFullWidth(by: numerator)
        return divisor.dividingFullWidth(product).quotient
    }

    /// The fraction as a double, for the authors' released code alone.
    public var fraction: Double { Double(numerator) / Double(100 * Self.power(scale)) }

    private static func power(_ scale: Int) -> Int {
        var result = 1
        for _ in 0..<scale { result *= 10 }
        return result
    }
}

extension TokenBudget: LosslessStringConvertible {
    /// `full`, `20%`, `12.5%` or `640`. Nil for anything else; see `init(parsing:)` for the reason.
    public init?(_ description: String) {
        guard let budget = try? TokenBudget(parsing: description) else { return nil }
        self = budget
    }

    /// Reads `full`, a decimal percentage (up to six places after the point) or a whole number of tokens.
    ///
    /// - Throws: `HiREDError.invalidBudget`.
    public init(parsing text: String) throws(HiREDError) {
        if text == "full" {
            self = .full
            return
        }
        guard text.utf8.last == UInt8(ascii: "%") else {
            guard let count = Self.digits(text.utf8[...]), count > 0 else { throw .invalidBudget(text) }
            self = .tokens(count)
            return
        }
        let parts = text.utf8.dropLast().split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let places = parts.count > 1 ? parts[1] : parts[0].prefix(0)
        guard let whole = Self.digits(parts[0]), whole <= 100, parts.count == 1 || (1...6).contains(places.count) else {
            throw .invalidBudget(text)
        }
        var numerator = whole
        for byte in places {
            guard let digit = Self.digits(CollectionOfOne(byte)) else { throw .invalidBudget(text) }
            numerator = numerator * 10 + digit
        }
        guard let percentage = try? Percentage(numerator: numerator, scale: places.count) else {
            throw .invalidBudget(text)
        }
        self = .percentage(percentage)
    }

    public var description: String {
        switch self {
        case .full: return "full"
        case .tokens(let count): return "\(count)"
        case .percentage(let share):
            var digits = String(share.numerator)
            guard share.scale > 0 else { return digits + "%" }
            while digits.utf8.count <= share.scale { digits = "0" + digits }
            let point = digits.index(digits.endIndex, offsetBy: -share.scale)
            return digits[..<point] + "." + digits[point...] + "%"
        }
    }

    /// A non-empty run of ASCII digits that fits an Int.
    private static func digits(_ bytes: some Collection<UInt8>) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var value = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
