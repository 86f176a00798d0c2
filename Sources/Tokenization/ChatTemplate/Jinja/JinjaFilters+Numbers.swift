import Foundation

extension JinjaRenderer {
    @inline(never)
    func numberFilter(_ name: String, _ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        switch name {
        case "length", "count":
            try meter.touch(value.string?.utf8.count ?? 0)
            guard let count = JinjaFilters.count(of: value) else {
                throw JinjaError.failed("\(value.typeName) has no length")
            }
            return .int(count)
        case "abs":
            if let integer = value.integer {
                return integer < 0 ? try JinjaNumber.signed(true, .int(integer)) : .int(integer)
            }
            guard case .double(let number) = value else {
                throw JinjaError.failed("\(value.typeName) has no absolute value")
            }
            return .double(abs(number))
        case "int":
            let fallback = arguments.take("default") ?? .int(0)
            let base = try arguments.integer("base") ?? 10
            return try integer(value, base: base) ?? fallback
        case "float":
            let fallback = arguments.take("default") ?? .double(0)
            if let text = value.string { return try real(text).map { .double($0) } ?? fallback }
            if value.isUndefined { throw JinjaError.failed("\(value.typeName) is made a float") }
            return JinjaNumber.real(value).map { .double($0) } ?? fallback
        case "round": return try rounded(value, &arguments)
        case "sum":
            let get = try getter(arguments.take("attribute"))
            var sum = arguments.take("start") ?? .int(0)
            guard sum.string == nil else { throw JinjaError.failed("the filter 'sum' is given a string") }
            for item in try list(value) { sum = try JinjaOperations.calculate(.add, sum, get(item), meter) }
            return sum
        default: throw JinjaError.unsupported("the filter '\(name)'")
        }
    }

    private func integer(_ value: JinjaValue, base: Int) throws -> JinjaValue? {
        func whole(_ number: Double) throws -> JinjaValue? {
            guard number.isFinite else { return nil }
            guard let integer = Int(exactly: number.rounded(.towardZero)) else { throw JinjaError.bigInteger }
            return .int(integer)
        }
        if let integer = value.integer { return .int(integer) }
        if case .double(let number) = value {
            return try whole(number)
        }
        if value.isUndefined { throw JinjaError.failed("\(value.typeName) is made an integer") }
        guard let text = value.string else { return nil }
        try meter.touch(text.utf8.count)
        if let integer = try PythonNumber.integer(text, base: base) { return .int(integer) }
        return try real(text).flatMap(whole)
    }

    private func real(_ text: String) throws -> Double? {
        try meter.touch(text.utf8.count)
        return PythonNumber.real(text)
    }

    private func rounded(_ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        let precision = try arguments.integer("precision") ?? 0
        let method = try arguments.text("method") ?? "common"
        guard ["common", "ceil", "floor"].contains(method) else {
            throw JinjaError.failed("the filter 'round' knows no method '\(method)'")
        }
        guard let number = JinjaNumber.real(value) else { throw JinjaError.failed("\(value.typeName) is rounded") }
        guard (0...300).contains(precision) else {
            throw JinjaError.unsupported("the filter 'round' to \(precision) places")
        }
        guard method == "common" else {
            let scale = try JinjaNumber.calculate(.power, .int(10), .int(precision))
            guard let product = JinjaNumber.real(try JinjaNumber.calculate(.multiply, value, scale)), product.isFinite,
                let whole = Int(exactly: method == "ceil" ? product.rounded(.up) : product.rounded(.down))
            else { throw JinjaError.bigInteger }
            return try JinjaNumber.calculate(.divide, .int(whole), scale)
        }
        if let integer = value.integer { return .int(integer) }
        guard number.isFinite else { return .double(number) }
        // Printed and read again: both round correctly.
        return .double(Double(String(format: "%.\(precision)f", number)) ?? number)
    }
}

/// Numbers in texts, as Python reads them.
enum PythonNumber {
    private static func stripped(_ text: String) -> String.UnicodeScalarView.SubSequence {
        var view = text.unicodeScalars[...]
        while let first = view.first, PythonText.isSpace(first) { view.removeFirst() }
        while let last = view.last, PythonText.isSpace(last) { view.removeLast() }
        return view
    }

    /// Digits of any script as ASCII, without the underscores between them; nil where those stand elsewhere.
    private static func plain(_ view: String.UnicodeScalarView.SubSequence) -> String? {
        var result = ""
        var previous: Unicode.Scalar?
        for scalar in view {
            if scalar == "_" {
                guard let previous, previous != "_", previous.properties.isASCIIHexDigit else { return nil }
            } else if !scalar.isASCII {
                guard scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue else {
                    return nil
                }
                result += String(Int(value))
            } else {
                if previous == "_", !scalar.properties.isASCIIHexDigit { return nil }
                result.unicodeScalars.append(scalar)
            }
            previous = scalar
        }
        return previous == "_" ? nil : result
    }

    /// Nil where the text is no integer.
    static func integer(_ text: String, base: Int) throws -> Int? {
        guard base == 0 || (2...36).contains(base) else { return nil }
        var view = stripped(text)
        var isNegative = false
        if let sign = view.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            view.removeFirst()
        }
        var radix = base
        let prefix = String(view.prefix(2)).lowercased()
        for (name, value) in [("0x", 16), ("0o", 8), ("0b", 2)] where prefix == name && (base == 0 || base == value) {
            view.removeFirst(2)
            if view.first == "_" { view.removeFirst() }
            radix = value
        }
        if radix == 0 {
            guard view.first != "0" || view.allSatisfy({ $0 == "0" || $0 == "_" }) else { return nil }
            radix = 10
        }
        guard radix <= 16 || !view.contains("_") else {
            throw JinjaError.unsupported("an underscore in a number of base \(radix)")
        }
        guard let digits = plain(view), !digits.isEmpty,
            digits.unicodeScalars.allSatisfy({ digit in
                switch digit {
                case "0"..."9": Int(digit.value) - 48 < radix
                case "a"..."z": Int(digit.value) - 87 < radix
                case "A"..."Z": Int(digit.value) - 55 < radix
                default: false
                }
            })
        else { return nil }
        guard let value = Int((isNegative ? "-" : "") + digits, radix: radix) else { throw JinjaError.bigInteger }
        return value
    }

    /// Nil where the text is no number.
    static func real(_ text: String) -> Double? {
        guard let digits = plain(stripped(text)) else { return nil }
        switch digits.lowercased() {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan", "+nan", "-nan": return .nan
        default: break
        }
        // Swift would read hexadecimal floats too.
        guard digits.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }),
            digits.utf8.contains(where: { (48...57).contains($0) })
        else { return nil }
        // A point needs no digit behind or before it.
        return Double(digits) ?? pointed(digits).flatMap(Double.init)
    }

    private static func pointed(_ digits: String) -> String? {
        guard let point = digits.firstIndex(of: ".") else { return nil }
        let after = digits.index(after: point)
        let before = digits[..<point]
        let needsBefore = before.isEmpty || before == "-" || before == "+"
        let needsAfter = after == digits.endIndex || !digits[after].isNumber
        guard !(needsBefore && needsAfter) else { return nil }
        return before + (needsBefore ? "0." : ".") + (needsAfter ? "0" : "") + digits[after...]
    }
}
