extension JinjaMethods {
    /// `str.split` and `str.rsplit`.
    static func split(
        _ text: String, _ separator: JinjaValue, most: Int, fromRight: Bool, _ renderer: JinjaRenderer
    ) throws -> JinjaValue {
        if separator.isNone {
            let words = try words(text, most: most, fromRight: fromRight, renderer.meter)
            return try renderer.sequence(.list, words.map { .string(String($0)) })
        } else {
            guard case .string(let separator) = separator, !separator.isEmpty else {
                throw JinjaError.failed("a text is split at \(separator.typeName), or at nothing")
            }
            let bytes = Array(text.utf8)
            let length = separator.utf8.count
            var places: [Int]
            if fromRight {
                // Found from the right: the mirror of both.
                let mirrored = try JinjaText.indices(
                    of: separator.utf8.reversed(), in: bytes.reversed(), most: most, renderer.meter)
                places = mirrored.reversed().map { bytes.count - $0 - length }
            } else {
                places = try JinjaText.indices(of: Array(separator.utf8), in: bytes, most: most, renderer.meter)
            }
            try renderer.meter.makeItems(places.count + 1)
            var start = 0
            var pieces: [JinjaValue] = []
            for place in places {
                pieces.append(.string(String(decoding: bytes[start..<place], as: UTF8.self)))
                start = place + length
            }
            pieces.append(.string(String(decoding: bytes[start...], as: UTF8.self)))
            return try renderer.sequence(.list, pieces)
        }
    }

    /// Between blanks, which are dropped at both ends.
    private static func words(
        _ text: String, most: Int, fromRight: Bool, _ meter: JinjaMeter
    ) throws -> [Substring] {
        let scalars = text.unicodeScalars
        var ranges: [Range<String.Index>] = []
        var start: String.Index?
        for index in scalars.indices {
            if PythonText.isSpace(scalars[index]) {
                if let begin = start {
                    try meter.makeItems(1)
                    ranges.append(begin..<index)
                }
                start = nil
            } else if start == nil {
                start = index
            }
        }
        if let begin = start { ranges.append(begin..<scalars.endIndex) }
        guard ranges.count > most else { return ranges.map { text[$0] } }
        // What is not split keeps its blanks, but for those at the place of the last cut.
        if fromRight {
            return [text[..<ranges[ranges.count - most - 1].upperBound]] + ranges.suffix(most).map { text[$0] }
        }
        return ranges.prefix(most).map { text[$0] } + [text[ranges[most].lowerBound...]]
    }

    static func partition(
        _ text: String, _ separator: String, last: Bool, _ meter: JinjaMeter
    ) throws -> [String] {
        let (bytes, part) = (Array(text.utf8), Array(separator.utf8))
        let place =
            last
            ? try JinjaText.indices(of: part.reversed(), in: bytes.reversed(), most: 1, meter).first.map {
                bytes.count - $0 - part.count
            }
            : try JinjaText.firstIndex(of: part, in: bytes, meter)
        guard let place else { return last ? ["", "", text] : [text, "", ""] }
        return [
            String(decoding: bytes[..<place], as: UTF8.self), separator,
            String(decoding: bytes[(place + part.count)...], as: UTF8.self),
        ]
    }

    /// `startswith`, `endswith`, `find`, `rfind`, `index`, `rindex` and `count`, within bounds counted in characters.
    static func search(
        _ name: String, _ text: String, _ arguments: inout JinjaArguments, _ meter: JinjaMeter
    ) throws -> JinjaValue {
        let wanted = try arguments.next()
        let scalars = text.unicodeScalars
        let total = scalars.count
        func bound(_ standard: Int) throws -> Int {
            guard let value = arguments.takePositional(), !value.isNone else { return standard }
            guard let number = value.integer else {
                throw JinjaError.failed("'\(name)' is bounded by \(value.typeName)")
            }
            return number < 0 ? max(0, max(number, -total) + total) : number
        }
        let start = try bound(0)
        let end = min(try bound(total), total)
        if name == "startswith" || name == "endswith" {
            var parts = [wanted]
            if case .sequence(let sequence) = wanted, sequence.kind == .tuple { parts = sequence.items }
            let texts = try parts.map { part in
                guard case .string(let text) = part else {
                    throw JinjaError.failed("'\(name)' is given \(part.typeName)")
                }
                return text
            }
            guard start <= end || start == end else { return .bool(false) }
            let window = Array(slice(scalars, start, end).utf8)
            return .bool(
                texts.contains {
                    name == "startswith"
                        ? window.starts(with: $0.utf8) : window.reversed().starts(with: $0.utf8.reversed())
                })
        }
        guard case .string(let part) = wanted else { throw JinjaError.failed("'\(name)' is given \(wanted.typeName)") }
        var result: Int?
        if start <= end {
            let window = slice(scalars, start, end)
            let (bytes, pattern) = (Array(window.utf8), Array(part.utf8))
            if name == "count" {
                return .int(
                    pattern.isEmpty
                        ? window.unicodeScalars.count + 1 : try JinjaText.indices(of: pattern, in: bytes, meter).count)
            }
            var place: Int?
            if name.hasPrefix("r") {
                place =
                    pattern.isEmpty
                    ? bytes.count
                    : try JinjaText.indices(of: pattern.reversed(), in: bytes.reversed(), most: 1, meter).first.map {
                        bytes.count - $0 - pattern.count
                    }
            } else {
                place = try JinjaText.firstIndex(of: pattern, in: bytes, meter)
            }
            // Bytes before it, as characters.
            result = place.map { start + bytes[..<$0].count { $0 & 0xC0 != 0x80 } }
        } else if name == "count" {
            return .int(0)
        }
        if result == nil, name.hasSuffix("index") {
            throw JinjaError.failed("a text does not hold what '\(name)' looks for")
        }
        return .int(result ?? -1)
    }

    private static func slice(_ scalars: String.UnicodeScalarView, _ start: Int, _ end: Int) -> String {
        guard start < end else { return "" }
        return String(String.UnicodeScalarView(scalars.dropFirst(start).prefix(end - start)))
    }
}
