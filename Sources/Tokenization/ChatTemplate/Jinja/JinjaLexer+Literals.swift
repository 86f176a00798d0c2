extension JinjaLexer {
    /// A string, whose escapes are those of Python's `unicode-escape`.
    mutating func readString(quote: Unicode.Scalar) throws {
        place += 1
        var view = String.UnicodeScalarView()
        while place < source.count, source[place] != quote {
            let scalar = source[place]
            place += 1
            guard scalar == "\\" else {
                view.append(scalar)
                continue
            }
            guard place < source.count else { break }
            let escaped = source[place]
            place += 1
            switch escaped {
            case "\n": break
            case "\\", "'", "\"": view.append(escaped)
            case "a": view.append("\u{7}")
            case "b": view.append("\u{8}")
            case "f": view.append("\u{C}")
            case "n": view.append("\n")
            case "r": view.append("\r")
            case "t": view.append("\t")
            case "v": view.append("\u{B}")
            case "x": view.append(try code(digits: 2))
            case "u": view.append(try code(digits: 4))
            case "U": view.append(try code(digits: 8))
            case "N": throw JinjaError.unsupported("a character by its name (\\N) in a string")
            case "0"..."7":
                var value = escaped.value - 48
                for _ in 0..<2 {
                    guard place < source.count, ("0"..."7").contains(source[place]) else { break }
                    value = value * 8 + source[place].value - 48
                    place += 1
                }
                // Three digits reach U+01FF.
                if let scalar = Unicode.Scalar(value) { view.append(scalar) }
            case _ where !escaped.isASCII:
                // Other characters go through `backslashreplace` first, so that the backslash escapes a backslash.
                let width = escaped.value < 0x100 ? 2 : escaped.value < 0x1_0000 ? 4 : 8
                let digits = String(escaped.value, radix: 16)
                view.append(contentsOf: "\\\(width == 2 ? "x" : width == 4 ? "u" : "U")".unicodeScalars)
                view.append(contentsOf: String(repeating: "0", count: width - digits.count).unicodeScalars)
                view.append(contentsOf: digits.unicodeScalars)
            default:
                view.append("\\")
                view.append(escaped)
            }
        }
        guard place < source.count else { throw JinjaError.syntax("a string is not closed") }
        place += 1
        tokens.append(.string(String(view)))
    }

    private mutating func code(digits: Int) throws -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard place < source.count, let digit = PythonText.hexValue(source[place]) else {
                throw JinjaError.syntax("an escape in a string breaks off")
            }
            value = value << 4 | digit
            place += 1
        }
        guard let scalar = Unicode.Scalar(value) else {
            guard value < 0xE000 else { throw JinjaError.syntax("an escape in a string names no character") }
            throw JinjaError.unsupported("half of a surrogate pair in a string")
        }
        return scalar
    }

    /// An integer or a float; underscores may stand between digits.
    mutating func readNumber() throws {
        // Behind a dot there are only integers: `a.0.1`.
        let mayBeFloat = place == 0 || source[place - 1] != "."
        if mayBeFloat, let end = floatEnd() {
            let text = literal(to: end)
            guard let value = Double(text) else { throw JinjaError.syntax("the number '\(text)'") }
            tokens.append(.double(value))
            place = end
            return
        }
        var radix = 10
        var end = place
        if source[place] == "0", place + 1 < source.count {
            switch source[place + 1] {
            case "x", "X": radix = 16
            case "o", "O": radix = 8
            case "b", "B": radix = 2
            default: break
            }
        }
        if radix != 10 {
            end = digitsEnd(from: place + 2, leadingUnderscore: true) {
                PythonText.hexValue($0).map { $0 < radix } ?? false
            }
            if end > place + 2 {
                let text = String(literal(to: end).dropFirst(2))
                tokens.append(.int(try Self.integer(text, radix: radix)))
                place = end
                return
            }
        }
        let isZero = source[place] == "0"
        end = digitsEnd(from: place) { isZero ? $0 == "0" : ("0"..."9").contains($0) }
        tokens.append(.int(try Self.integer(literal(to: end), radix: 10)))
        place = end
    }

    private static func integer(_ text: String, radix: Int) throws -> Int {
        guard let value = Int(text, radix: radix) else { throw JinjaError.bigInteger }
        return value
    }

    private func literal(to end: Int) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: source[place..<end].filter { $0 != "_" })
        return String(view)
    }

    /// Where digits end, between which single underscores may stand; the start if there are none.
    private func digitsEnd(
        from start: Int, leadingUnderscore: Bool = false, _ isDigit: (Unicode.Scalar) -> Bool
    ) -> Int {
        var end = start
        while true {
            var next = end
            if next < source.count, source[next] == "_", end > start || leadingUnderscore { next += 1 }
            guard next < source.count, isDigit(source[next]) else { return end }
            end = next + 1
        }
    }

    private func floatEnd() -> Int? {
        func digits(_ from: Int) -> Int { digitsEnd(from: from) { ("0"..."9").contains($0) } }
        var end = digits(place)
        var isFloat = false
        if end < source.count, source[end] == ".", digits(end + 1) > end + 1 {
            end = digits(end + 1)
            isFloat = true
        }
        if end < source.count, source[end] == "e" || source[end] == "E" {
            var exponent = end + 1
            if exponent < source.count, source[exponent] == "+" || source[exponent] == "-" { exponent += 1 }
            let last = digits(exponent)
            if last > exponent {
                end = last
                isFloat = true
            }
        }
        return isFloat ? end : nil
    }
}
