import Foundation

extension JinjaText {
    /// Python's `%` on a string: `%s`, `%r`, `%d`, `%i`, `%f`, `%x` and `%%`, with width and precision.
    static func formatted(_ format: String, _ value: JinjaValue, _ meter: JinjaMeter) throws -> String {
        var arguments: [JinjaValue] = [value]
        var mayStay = false
        switch value {
        case .sequence(let sequence) where sequence.kind == .tuple || sequence.kind == .group:
            arguments = sequence.items
        // One value that is a mapping or a list need not be used up.
        case .dictionary, .sequence, .range: mayStay = true
        default: break
        }
        var used = 0
        var result = ""
        let scalars = Array(format.unicodeScalars)
        var index = 0
        try meter.make(format.utf8.count * 4)
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            var flags: Set<Unicode.Scalar> = []
            while index < scalars.count, ["-", "0", "+", " "].contains(scalars[index]) {
                flags.insert(scalars[index])
                index += 1
            }
            func number() throws -> Int? {
                var value: Int?
                while index < scalars.count, ("0"..."9").contains(scalars[index]) {
                    value = (value ?? 0) * 10 + Int(scalars[index].value) - 48
                    guard value ?? 0 <= JinjaMeter.mostBytes else {
                        throw JinjaError.tooLarge("formats to a huge width")
                    }
                    index += 1
                }
                return value
            }
            let width = try number() ?? 0
            var precision: Int?
            if index < scalars.count, scalars[index] == "." {
                index += 1
                precision = try number() ?? 0
            }
            guard index < scalars.count else { throw JinjaError.failed("a format breaks off") }
            let kind = scalars[index]
            index += 1
            if kind == "%" {
                result += "%"
                continue
            }
            guard ["s", "r", "d", "i", "f", "x"].contains(kind) else {
                throw JinjaError.unsupported("the format '%\(kind)'")
            }
            guard used < arguments.count else { throw JinjaError.failed("a format has too few values") }
            let text = try body(kind, arguments[used], precision: precision, flags: flags, meter)
            used += 1
            try meter.make(max(width, text.utf8.count))
            result += padded(text, width: width, flags: flags, isNumber: !["s", "r"].contains(kind))
        }
        guard used == arguments.count || mayStay else { throw JinjaError.failed("a format has too many values") }
        return result
    }

    private static func padded(
        _ text: String, width: Int, flags: Set<Unicode.Scalar>, isNumber: Bool
    ) -> String {
        let missing = max(0, width - text.unicodeScalars.count)
        if flags.contains("-") { return text + String(repeating: " ", count: missing) }
        guard isNumber, flags.contains("0"), text.last?.isNumber == true else {
            return String(repeating: " ", count: missing) + text
        }
        let sign = text.prefix { $0 == "-" || $0 == "+" || $0 == " " }
        return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
    }

    private static func body(
        _ kind: Unicode.Scalar, _ value: JinjaValue, precision: Int?, flags: Set<Unicode.Scalar>, _ meter: JinjaMeter
    ) throws -> String {
        func signed(_ text: String) -> String {
            guard !text.hasPrefix("-") else { return text }
            return (flags.contains("+") ? "+" : flags.contains(" ") ? " " : "") + text
        }
        switch kind {
        case "s", "r":
            let text =
                kind == "s" || value.string == nil ? try plain(value, meter) : try quoted(value.string ?? "", meter)
            guard let precision else { return text }
            return String(String.UnicodeScalarView(text.unicodeScalars.prefix(precision)))
        case "f":
            guard let number = JinjaNumber.real(value) else {
                throw JinjaError.failed("'%f' is given \(value.typeName)")
            }
            guard number.isFinite else { return signed(JinjaNumber.text(number)) }
            guard precision ?? 6 <= 1000 else { throw JinjaError.tooLarge("formats to a huge precision") }
            return signed(String(format: "%.\(precision ?? 6)f", number))
        default:
            guard precision == nil else { throw JinjaError.unsupported("a format of an integer with a precision") }
            var integer = value.integer
            if case .double(let number) = value, kind != "x" {
                guard let whole = Int(exactly: number.rounded(.towardZero)) else { throw JinjaError.bigInteger }
                integer = whole
            }
            guard let integer else { throw JinjaError.failed("'%\(kind)' is given \(value.typeName)") }
            return signed(String(integer, radix: kind == "x" ? 16 : 10))
        }
    }
}
