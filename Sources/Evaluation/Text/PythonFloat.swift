/// Numbers as Python's `float()` reads them.
enum PythonFloat {
    /// Nil where `float()` raises: spaces around are passed over, digits of any script are digits, single underscores may
    /// stand between digits.
    static func parse(_ text: CodePoints) -> Double? {
        var ascii = ""
        let scalars = text.stripped.scalars
        for (place, scalar) in scalars.enumerated() {
            if scalar == "_" {
                guard place > 0, place + 1 < scalars.count, scalars[place - 1].isDecimalDigit,
                    scalars[place + 1].isDecimalDigit
                else { return nil }
                continue
            }
            if scalar.isDecimalDigit, let digit = scalar.properties.numericValue {
                ascii += String(Int(digit))
            } else if scalar.isASCII {
                ascii.unicodeScalars.append(scalar)
            } else {
                return nil
            }
        }
        return isNumber(ascii.utf8[...]) ? Double(ascii) : nil
    }

    /// What Swift reads beyond Python's grammar, hexadecimal digits and payloads of `nan`, is none.
    private static func isNumber(_ text: Substring.UTF8View) -> Bool {
        var rest = text
        if let first = rest.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        if ["inf", "infinity", "nan"].contains(String(Substring(rest)).lowercased()) { return true }
        func digits() -> Int {
            let run = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(run.count)
            return run.count
        }
        var count = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            count += digits()
        }
        guard count > 0 else { return false }
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
