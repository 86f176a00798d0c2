/// Cuts a template's source into tokens, with `trim_blocks` and `lstrip_blocks` as Transformers sets them.
///
/// Follows the rules of `jinja2/lexer.py` of Jinja 3.1.6.
struct JinjaLexer {
    let source: [Unicode.Scalar]
    var place = 0
    var tokens: [JinjaToken] = []
    /// Whether what was read last ended a line: a tag may then lose the blanks before it.
    private var startsLine = true

    /// - Complexity: O(n).
    static func tokens(of text: String) throws -> [JinjaToken] {
        var lexer = JinjaLexer(source: normalized(text))
        try lexer.readAll()
        return lexer.tokens
    }

    private init(source: [Unicode.Scalar]) { self.source = source }

    /// All line ends become `\n`, and one at the very end is dropped.
    private static func normalized(_ text: String) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.utf8.count)
        var afterReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                result.append("\n")
            } else if !(scalar == "\n" && afterReturn) {
                result.append(scalar)
            }
            afterReturn = scalar == "\r"
        }
        if result.last == "\n" { result.removeLast() }
        return result
    }

    func has(_ text: StaticString, at index: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard index + count <= source.count else { return false }
        for offset in 0..<count where source[index + offset].value != UInt32(text.utf8Start[offset]) { return false }
        return true
    }

    private func skippingSpace(from index: Int) -> Int {
        var index = index
        while index < source.count, PythonText.isSpace(source[index]) { index += 1 }
        return index
    }

    private mutating func readAll() throws {
        while place < source.count {
            var begin = place
            while begin < source.count, !(has("{%", at: begin) || has("{{", at: begin) || has("{#", at: begin)) {
                begin += 1
            }
            guard begin < source.count else {
                add(source[place...], sign: nil, isOutput: true)
                place = begin
                return
            }
            let kind = source[begin + 1]
            var next = begin + 2
            let sign: Unicode.Scalar? =
                next < source.count && (source[next] == "-" || source[next] == "+") ? source[next] : nil
            if sign != nil { next += 1 }
            add(source[place..<begin], sign: sign, isOutput: kind == "{")
            startsLine = false
            place = next
            switch kind {
            case "#": try skipComment()
            case "%":
                if let inside = rawBegin() {
                    place = inside
                    startsLine = source[inside - 1] == "\n"
                    try readRaw()
                } else {
                    tokens.append(.blockBegin)
                    try readTag(isOutput: false)
                }
            default:
                tokens.append(.outputBegin)
                try readTag(isOutput: true)
            }
        }
    }

    /// Adds text before a tag, stripped as the tag's sign asks.
    private mutating func add(_ text: ArraySlice<Unicode.Scalar>, sign: Unicode.Scalar?, isOutput: Bool) {
        var text = text
        if sign == "-" {
            while let last = text.last, PythonText.isSpace(last) { text.removeLast() }
        } else if sign == nil, !isOutput {
            let line = text.lastIndex(of: "\n").map { $0 + 1 } ?? text.startIndex
            if line > text.startIndex || startsLine, text[line...].allSatisfy(PythonText.isSpace) {
                text = text[..<line]
            }
        }
        guard !text.isEmpty else { return }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text)
        tokens.append(.data(String(view)))
    }

    /// Moves past the end of a tag that stands at the place.
    private mutating func take(end: StaticString, allowsPlus: Bool, trimsLine: Bool) -> Bool {
        if has("-", at: place), has(end, at: place + 1) {
            place = skippingSpace(from: place + 1 + end.utf8CodeUnitCount)
        } else if allowsPlus, has("+", at: place), has(end, at: place + 1) {
            place += 1 + end.utf8CodeUnitCount
        } else if has(end, at: place) {
            place += end.utf8CodeUnitCount
            if trimsLine, place < source.count, source[place] == "\n" { place += 1 }
        } else {
            return false
        }
        startsLine = source[place - 1] == "\n"
        return true
    }

    private mutating func skipComment() throws {
        // At the very end neither this nor a raw block needs to be closed, as there.
        guard place < source.count else { return }
        while place < source.count {
            if take(end: "#}", allowsPlus: true, trimsLine: true) { return }
            place += 1
        }
        throw JinjaError.syntax("a comment is not closed")
    }

    /// Where the contents of a raw block begin, if one begins here.
    private func rawBegin() -> Int? {
        var index = skippingSpace(from: place)
        guard has("raw", at: index) else { return nil }
        index = skippingSpace(from: index + 3)
        if has("-%}", at: index) { return skippingSpace(from: index + 3) }
        return has("%}", at: index) ? index + 2 : nil
    }

    private mutating func readRaw() throws {
        let start = place
        var index = start
        guard start < source.count else { return }
        while index < source.count {
            guard has("{%", at: index) else {
                index += 1
                continue
            }
            var next = index + 2
            let sign: Unicode.Scalar? =
                next < source.count && (source[next] == "-" || source[next] == "+") ? source[next] : nil
            if sign != nil { next += 1 }
            next = skippingSpace(from: next)
            if has("endraw", at: next) {
                place = skippingSpace(from: next + 6)
                let starts = startsLine
                if take(end: "%}", allowsPlus: true, trimsLine: true) {
                    let ends = startsLine
                    startsLine = starts
                    add(source[start..<index], sign: sign, isOutput: false)
                    startsLine = ends
                    return
                }
            }
            index += 2
        }
        throw JinjaError.syntax("a raw block is not closed")
    }

    private mutating func readTag(isOutput: Bool) throws {
        // What closes the brackets that are open.
        var open: [Unicode.Scalar] = []
        while place < source.count {
            if open.isEmpty {
                if isOutput, take(end: "}}", allowsPlus: false, trimsLine: false) {
                    tokens.append(.outputEnd)
                    return
                }
                if !isOutput, take(end: "%}", allowsPlus: true, trimsLine: true) {
                    tokens.append(.blockEnd)
                    return
                }
            }
            let scalar = source[place]
            switch scalar {
            case _ where PythonText.isSpace(scalar): place += 1
            case "'", "\"": try readString(quote: scalar)
            case "0"..."9": try readNumber()
            case _ where PythonText.isNameStart(scalar):
                let start = place
                while place < source.count, PythonText.isNamePart(source[place]) { place += 1 }
                var view = String.UnicodeScalarView()
                view.append(contentsOf: source[start..<place])
                tokens.append(.name(String(view)))
            default: try readSymbol(&open)
            }
        }
        throw JinjaError.syntax("a tag is not closed")
    }

    private mutating func readSymbol(_ open: inout [Unicode.Scalar]) throws {
        for symbol: StaticString in ["//", "**", "==", "!=", ">=", "<="] where has(symbol, at: place) {
            tokens.append(.symbol("\(symbol)"))
            place += 2
            return
        }
        let scalar = source[place]
        switch scalar {
        case "(": open.append(")")
        case "[": open.append("]")
        case "{": open.append("}")
        case ")", "]", "}":
            guard open.popLast() == scalar else { throw JinjaError.syntax("'\(scalar)' closes nothing") }
        case "+", "-", "/", "*", "%", "~", ">", "<", "=", ".", ":", "|", ",", ";": break
        default:
            throw JinjaError.syntax("an unexpected character U+\(String(scalar.value, radix: 16, uppercase: true))")
        }
        tokens.append(.symbol(String(Character(scalar))))
        place += 1
    }
}
