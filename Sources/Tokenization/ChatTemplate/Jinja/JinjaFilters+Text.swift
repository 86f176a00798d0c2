import Foundation

extension JinjaRenderer {
    @inline(never)
    func textFilter(_ name: String, _ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        func text() throws -> String {
            let text = try JinjaText.plain(value, meter)
            try meter.make(text.utf8.count)
            try meter.touchCharacters(text.utf8.count)
            return text
        }
        func like(_ text: String) -> JinjaValue {
            if case .safe = value { return .safe(text) }
            return .string(text)
        }
        switch name {
        case "tojson": return .string(try JinjaJSON.text(value, &arguments, meter))
        case "string": return like(try JinjaText.plain(value, meter))
        case "safe": return .safe(try JinjaText.plain(value, meter))
        case "e", "escape": return .safe(try JinjaText.escaped(value, meter: meter))
        case "forceescape": return .safe(try JinjaText.escaped(.string(text()), meter: meter))
        case "upper": return like(PythonText.uppercased(try text()))
        case "lower": return like(PythonText.lowercased(try text()))
        case "capitalize": return like(PythonText.capitalized(try text()))
        case "title": return .string(JinjaText.titled(try text()))
        case "trim":
            let chars = arguments.take("chars") ?? .none
            return like(try JinjaMethods.stripped(text(), chars, left: true, right: true))
        case "center":
            return like(try JinjaMethods.aligned(text(), to: arguments.integer("width") ?? 80, " ", .center, meter))
        case "replace":
            guard let old = arguments.take("old"), let new = arguments.take("new") else {
                throw JinjaError.failed("the filter 'replace' needs two texts")
            }
            let count = arguments.take("count") ?? .none
            guard let most = count.isNone ? -1 : count.integer else {
                throw JinjaError.failed("the filter 'replace' counts by \(count.typeName)")
            }
            guard old.isPlain, new.isPlain, !value.isSafe else {
                throw JinjaError.unsupported("the filter 'replace' with a safe string")
            }
            let (from, to) = (try JinjaText.plain(old, meter), try JinjaText.plain(new, meter))
            return .string(try JinjaText.replacing(from, with: to, in: text(), count: most, meter))
        case "join": return try joined(value, &arguments)
        case "indent": return try indented(value, &arguments)
        case "truncate": return try truncated(value, &arguments)
        case "format":
            guard arguments.named.isEmpty else { throw JinjaError.unsupported("the filter 'format' with named values") }
            guard !value.isSafe else { throw JinjaError.unsupported("the filter 'format' of a safe string") }
            let values = try sequence(.tuple, arguments.takeAllPositional())
            return .string(try JinjaText.formatted(text(), values, meter))
        case "urlencode":
            guard value.string != nil || value.integer != nil else {
                throw JinjaError.unsupported("the filter 'urlencode' of \(value.typeName)")
            }
            return .string(JinjaText.urlEncoded(try text()))
        case "wordcount":
            var count = 0
            var isInside = false
            for scalar in try text().unicodeScalars {
                let isWord = scalar == "_" || PythonText.isAlphanumeric(scalar)
                if isWord, !isInside { count += 1 }
                isInside = isWord
            }
            return .int(count)
        default: throw JinjaError.unsupported("the filter '\(name)'")
        }
    }

    private func joined(_ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        let separator = try JinjaText.plain(arguments.take("d") ?? .string(""), meter)
        let get = try getter(arguments.take("attribute"))
        let parts = try list(value).map { try JinjaText.plain(get($0), meter) }
        let gaps = max(0, parts.count - 1).multipliedReportingOverflow(by: separator.utf8.count)
        try meter.make(gaps.overflow ? Int.max : gaps.partialValue)
        try meter.make(parts.reduce(0) { $0 + $1.utf8.count })
        return .string(parts.joined(separator: separator))
    }

    private func indented(_ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        guard case .string(let text) = value else {
            throw value.isSafe
                ? JinjaError.unsupported("the filter 'indent' of a safe string")
                : JinjaError.failed("the filter 'indent' is given \(value.typeName)")
        }
        var indention = "    "
        switch arguments.take("width") ?? .int(4) {
        case .string(let text): indention = text
        case let width:
            guard let width = width.integer else {
                throw JinjaError.failed("the filter 'indent' is given \(width.typeName)")
            }
            try meter.make(max(0, width))
            indention = String(repeating: " ", count: max(0, width))
        }
        let first = arguments.flag("first") ?? false
        let blank = arguments.flag("blank") ?? false
        try meter.make(text.utf8.count)
        let lines = try JinjaText.lines(text + "\n", meter)
        let grown = lines.count.multipliedReportingOverflow(by: indention.utf8.count)
        try meter.make(grown.overflow ? Int.max : grown.partialValue)
        var result = first ? indention : ""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += "\n" }
            if index > 0, blank || !line.isEmpty { result += indention }
            result += line
        }
        return .string(result)
    }

    private func truncated(_ value: JinjaValue, _ arguments: inout JinjaArguments) throws -> JinjaValue {
        guard case .string(let text) = value else {
            throw JinjaError.unsupported("the filter 'truncate' of \(value.typeName)")
        }
        let length = try arguments.integer("length") ?? 255
        let killsWords = arguments.flag("killwords") ?? false
        let end = try arguments.text("end") ?? "..."
        let leeway = try arguments.integer("leeway") ?? 5
        let endCount = end.unicodeScalars.count
        guard length >= endCount, leeway >= 0 else {
            throw JinjaError.failed("the filter 'truncate' is given too short a length")
        }
        try meter.make(text.utf8.count)
        let scalars = text.unicodeScalars
        let (most, overflows) = length.addingReportingOverflow(leeway)
        guard !overflows, scalars.count > most else { return value }
        var kept = scalars.prefix(length - endCount)
        if !killsWords, let space = kept.lastIndex(of: " ") { kept = kept[..<space] }
        return .string(String(String.UnicodeScalarView(kept)) + end)
    }
}

extension JinjaValue {
    var isSafe: Bool {
        if case .safe = self { return true }
        return false
    }

    var isPlain: Bool { !isSafe }
}

extension JinjaText {
    /// `str.splitlines`.
    static func lines(_ text: String, keepsEnds: Bool = false, _ meter: JinjaMeter) throws -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            guard PythonText.isLineEnd(scalar) else {
                line.append(scalar)
                continue
            }
            if keepsEnds { line.append(scalar) }
            if scalar == "\r", scalars.first == "\n" {
                scalars.removeFirst()
                if keepsEnds { line.append("\n") }
            }
            try meter.makeItems(1)
            lines.append(String(line))
            line = String.UnicodeScalarView()
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    /// The filter's kind of title: words end at blanks, hyphens and opening brackets alone.
    static func titled(_ text: String) -> String {
        var result = ""
        var word = String.UnicodeScalarView()
        func flush() {
            guard let first = word.first else { return }
            result += first.properties.uppercaseMapping + PythonText.lowercased(String(word.dropFirst()))
            word = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if PythonText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                flush()
                result.unicodeScalars.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        flush()
        return result
    }

    static func urlEncoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 47, 95, 126: result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + hex(UInt32(byte), width: 2).uppercased()
            }
        }
        return result
    }
}
