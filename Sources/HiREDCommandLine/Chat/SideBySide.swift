/// Two texts in columns.
enum SideBySide {
    /// - Parameter width: columns of the terminal.
    static func text(_ left: String, _ right: String, width: Int) -> String {
        let side = max((width - 3) / 2, 10)
        let (first, second) = (lines(left, width: side), lines(right, width: side))
        var text = ""
        for row in 0..<max(first.count, second.count) {
            let (cell, other) = (row < first.count ? first[row] : "", row < second.count ? second[row] : "")
            let line = cell + String(repeating: " ", count: max(side - columns(of: cell), 0)) + " │ " + other
            text += line + "\n"
        }
        return text
    }

    /// Broken at spaces, and within words that are longer than a line.
    static func lines(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for paragraph in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            var (line, used) = ("", 0)
            for word in paragraph.split(separator: " ") {
                if !line.isEmpty, used + 1 + columns(of: word) <= width {
                    line += " " + word
                    used += 1 + columns(of: word)
                    continue
                }
                if !line.isEmpty { lines.append(line) }
                (line, used) = ("", 0)
                for character in word {
                    let wide = columns(of: character)
                    if used + wide > width {
                        lines.append(line)
                        (line, used) = ("", 0)
                    }
                    line.append(character)
                    used += wide
                }
            }
            lines.append(line)
        }
        return lines
    }

    static func columns(of text: some StringProtocol) -> Int { text.reduce(0) { $0 + columns(of: $1) } }

    /// Two for the scripts and pictographs that terminals draw wide, after Unicode's East Asian Width.
    private static func columns(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.generalCategory == .control ? 0 : 1
        }
    }
}
