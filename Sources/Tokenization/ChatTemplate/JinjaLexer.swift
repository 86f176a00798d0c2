/// Cuts a template into text and the tokens of its tags.
///
/// Blocks are trimmed as Transformers asks Jinja to (trim_blocks and lstrip_blocks): a block alone on its line leaves
/// no trace of the line.
enum JinjaLexer {
    enum Piece: Equatable {
        case text(String)
        case output([Token])
        case block([Token])
    }

    enum Token: Equatable {
        case name(String)
        case string(String)
        case int(Int)
        case double(Double)
        case symbol(String)
    }

    static func pieces(of source: String) throws(JinjaError) -> [Piece] {
        var pieces: [Piece] = []
        let scalars = Array(source.unicodeScalars)
        var place = 0
        var text = ""
        var trimsNext = (all: false, line: false)

        func appendText(upTo end: Int, leftTrim: Bool, isBlock: Bool) {
            var lower = place
            if trimsNext.all {
                while lower < end, scalars[lower].properties.isWhitespace { lower += 1 }
            } else if trimsNext.line, lower < end, scalars[lower] == "\n" {
                lower += 1
            }
            var upper = end
            if leftTrim {
                while upper > lower, scalars[upper - 1].properties.isWhitespace { upper -= 1 }
            } else if isBlock {
                var line = upper
                while line > lower, scalars[line - 1] == " " || scalars[line - 1] == "\t" { line -= 1 }
                if line == 0 || (line > 0 && scalars[line - 1] == "\n") { upper = line }
            }
            text = String(String.UnicodeScalarView(scalars[lower..<upper]))
            if !text.isEmpty { pieces.append(.text(text)) }
        }

        while place < scalars.count {
            guard
                let open = (place..<max(place, scalars.count - 1)).first(where: {
                    scalars[$0] == "{" && (scalars[$0 + 1] == "{" || scalars[$0 + 1] == "%" || scalars[$0 + 1] == "#")
                })
            else { break }
            let kind = scalars[open + 1]
            var inner = open + 2
            let leftTrim = inner < scalars.count && scalars[inner] == "-"
            if leftTrim || (inner < scalars.count && scalars[inner] == "+") { inner += 1 }
            appendText(upTo: open, leftTrim: leftTrim, isBlock: kind != "{")
            let close: Unicode.Scalar = kind == "{" ? "}" : kind
            guard let end = endOfTag(scalars, from: inner, close: close, isComment: kind == "#") else {
                throw .syntax("a tag is not closed")
            }
            let rightTrim = end > inner && scalars[end - 1] == "-"
            let body = Array(scalars[inner..<(rightTrim ? end - 1 : end)])
            if kind == "{" { pieces.append(.output(try tokens(of: body))) }
            if kind == "%" { pieces.append(.block(try tokens(of: body))) }
            trimsNext = (rightTrim, kind != "{")
            place = end + 2
        }
        appendText(upTo: scalars.count, leftTrim: false, isBlock: false)
        return pieces
    }

    /// The place of the closing mark, outside strings.
    private static func endOfTag(
        _ scalars: [Unicode.Scalar], from begin: Int, close: Unicode.Scalar, isComment: Bool
    ) -> Int? {
        var quote: Unicode.Scalar?
        var place = begin
        var depth = 0
        while place + 1 < scalars.count {
            let scalar = scalars[place]
            if let open = quote {
                if scalar == "\\" { place += 1 } else if scalar == open { quote = nil }
            } else if !isComment, scalar == "'" || scalar == "\"" {
                quote = scalar
            } else if scalar == close, scalars[place + 1] == "}", depth == 0 {
                return place
            } else if !isComment, scalar == "{" {
                depth += 1
            } else if !isComment, scalar == "}", depth > 0 {
                depth -= 1
            }
            place += 1
        }
        return nil
    }

    private static let symbols = ["==", "!=", "<=", ">=", "//", "**"]

    private static func tokens(of scalars: [Unicode.Scalar]) throws(JinjaError) -> [Token] {
        var result: [Token] = []
        var place = 0
        func isWord(_ scalar: Unicode.Scalar) -> Bool {
            scalar == "_"
                || (scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil))
        }
        while place < scalars.count {
            let scalar = scalars[place]
            if scalar.properties.isWhitespace {
                place += 1
            } else if scalar == "'" || scalar == "\"" {
                var text = String.UnicodeScalarView()
                place += 1
                while place < scalars.count, scalars[place] != scalar {
                    if scalars[place] == "\\", place + 1 < scalars.count {
                        place += 1
                        switch scalars[place] {
                        case "n": text.append("\n")
                        case "t": text.append("\t")
                        case "r": text.append("\r")
                        case "\\", "'", "\"": text.append(scalars[place])
                        // Python keeps the backslash of an escape it does not know.
                        default: text.append(contentsOf: ["\\", scalars[place]])
                        }
                    } else {
                        text.append(scalars[place])
                    }
                    place += 1
                }
                place += 1
                result.append(.string(String(text)))
            } else if isWord(scalar) {
                var end = place
                while end < scalars.count, isWord(scalars[end]) { end += 1 }
                let isNumber = scalar.properties.numericType != nil
                if isNumber, end + 1 < scalars.count, scalars[end] == ".",
                    scalars[end + 1].properties.numericType != nil
                {
                    end += 1
                    while end < scalars.count, isWord(scalars[end]) { end += 1 }
                }
                let word = String(String.UnicodeScalarView(scalars[place..<end]))
                if !isNumber {
                    result.append(.name(word))
                } else if let int = Int(word) {
                    result.append(.int(int))
                } else if let double = Double(word) {
                    result.append(.double(double))
                } else {
                    throw .syntax("the number '\(word)'")
                }
                place = end
            } else {
                let pair =
                    place + 1 < scalars.count ? String(String.UnicodeScalarView(scalars[place...(place + 1)])) : ""
                let symbol = symbols.contains(pair) ? pair : String(Character(scalar))
                result.append(.symbol(symbol))
                place += symbol.unicodeScalars.count
            }
        }
        return result
    }
}
