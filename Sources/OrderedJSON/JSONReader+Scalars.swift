extension JSONReader {
    /// The text whose quotation mark stands here.
    mutating func text() throws(JSONError) -> String {
        let start = position + 1
        var end = start
        var hasEscapes = false
        while true {
            guard end < bytes.count else {
                throw error(.syntax("a text has no end"), at: position)
            }
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") { break }
            if byte < 0x20 { throw error(.syntax("a control character in a text"), at: end) }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                end += 1
            }
            end += 1
        }
        position = end + 1
        return hasEscapes
            ? try unescaped(from: start, to: end) : String(decoding: bytes[start..<end], as: UTF8.self)
    }

    private func unescaped(from start: Int, to end: Int) throws(JSONError) -> String {
        var units: [UInt8] = []
        units.reserveCapacity(end - start)
        var index = start
        while index < end {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                continue
            }
            // The scan for the end has seen that a byte follows every backslash.
            let escape = bytes[index]
            index += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(escape)
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "u"):
                let place = index - 2
                guard let scalar = codePoint(&index, to: end) else {
                    throw error(.syntax("an escape that is no character"), at: place)
                }
                units += UTF8.encode(scalar).map { Array($0) } ?? []
            default: throw error(.syntax("an unknown escape"), at: index - 2)
            }
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// The character of `XXXX` or of a pair `XXXX\uXXXX`; nil for anything else.
    private func codePoint(_ index: inout Int, to end: Int) -> Unicode.Scalar? {
        guard let first = codeUnit(&index, to: end) else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard index + 2 <= end, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        index += 2
        guard let second = codeUnit(&index, to: end), UTF16.isTrailSurrogate(second) else { return nil }
        return Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
    }

    private func codeUnit(_ index: inout Int, to end: Int) -> UInt16? {
        guard index + 4 <= end else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[index..<index + 4] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        index += 4
        return unit
    }

    /// The number here: exact where it is written without fraction and exponent and fits, otherwise the nearest double.
    mutating func number() throws(JSONError) -> JSONValue {
        try count()
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let whole = position
        try digits()
        if bytes[whole] == UInt8(ascii: "0"), position > whole + 1 {
            throw error(.syntax("a number with a zero in front"), at: start)
        }
        var isInteger = true
        if next == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        // A whole number cannot tell -0 from 0.
        if isInteger, let value = Int(text), value != 0 || bytes[start] != UInt8(ascii: "-") { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw error(.syntax("a number beyond the range of a double"), at: start)
        }
        return .number(value)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw unexpected("a digit") }
    }
}
