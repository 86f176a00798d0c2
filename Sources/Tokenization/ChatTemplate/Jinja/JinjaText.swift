/// Work on texts by their bytes, counted.
enum JinjaText {
    static func joined(_ parts: [String], _ meter: JinjaMeter) throws -> String {
        try meter.make(parts.reduce(0) { $0 + $1.utf8.count })
        return parts.joined()
    }

    /// Where a part begins. O(n + m), after Knuth, Morris and Pratt.
    static func firstIndex(of part: [UInt8], in text: [UInt8], _ meter: JinjaMeter) throws -> Int? {
        guard !part.isEmpty else { return 0 }
        guard part.count <= text.count else { return nil }
        let failures = try failureTable(part, meter)
        var matched = 0
        for index in text.indices {
            while matched > 0, text[index] != part[matched] { matched = failures[matched - 1] }
            if text[index] == part[matched] { matched += 1 }
            if matched == part.count { return index - part.count + 1 }
        }
        return nil
    }

    /// Where a part stands, from the left, without overlaps. O(n + m).
    static func indices(
        of part: [UInt8], in text: [UInt8], most: Int = .max, _ meter: JinjaMeter
    ) throws -> [Int] {
        guard !part.isEmpty, part.count <= text.count, most > 0 else { return [] }
        let failures = try failureTable(part, meter)
        var result: [Int] = []
        var matched = 0
        for index in text.indices {
            while matched > 0, text[index] != part[matched] { matched = failures[matched - 1] }
            if text[index] == part[matched] { matched += 1 }
            if matched == part.count {
                result.append(index - part.count + 1)
                if result.count % 1024 == 0 { try meter.make(8192) }
                guard result.count < most else { break }
                matched = 0
            }
        }
        return result
    }

    private static func failureTable(_ part: [UInt8], _ meter: JinjaMeter) throws -> [Int] {
        try meter.make(part.count * 8)
        var failures = Array(repeating: 0, count: part.count)
        var length = 0
        for index in part.indices.dropFirst() {
            while length > 0, part[index] != part[length] { length = failures[length - 1] }
            if part[index] == part[length] { length += 1 }
            failures[index] = length
        }
        return failures
    }

    /// `str.replace`; a negative count means all.
    static func replacing(
        _ old: String, with new: String, in text: String, count: Int, _ meter: JinjaMeter
    ) throws -> String {
        try meter.touch(text.utf8.count + old.utf8.count)
        let most = count < 0 ? Int.max : count
        guard most > 0 else { return text }
        guard !old.isEmpty else { return try interleaving(new, text, most, meter) }
        let bytes = Array(text.utf8)
        let places = try indices(of: Array(old.utf8), in: bytes, most: most, meter)
        guard !places.isEmpty else { return text }
        let grown = places.count.multipliedReportingOverflow(by: new.utf8.count)
        try meter.make(grown.overflow ? Int.max : min(grown.partialValue, Int.max / 2) + bytes.count)
        var result: [UInt8] = []
        var start = 0
        for place in places {
            result += bytes[start..<place]
            result += new.utf8
            start = place + old.utf8.count
        }
        result += bytes[start...]
        return String(decoding: result, as: UTF8.self)
    }

    /// Nothing is found before every character and at the end.
    private static func interleaving(_ new: String, _ text: String, _ most: Int, _ meter: JinjaMeter) throws -> String {
        let scalars = text.unicodeScalars
        let places = min(most, scalars.count + 1)
        let grown = places.multipliedReportingOverflow(by: new.utf8.count)
        try meter.make(grown.overflow ? Int.max : min(grown.partialValue, Int.max / 2) + text.utf8.count)
        var result = ""
        var left = places
        for scalar in scalars {
            if left > 0 {
                result += new
                left -= 1
            }
            result.unicodeScalars.append(scalar)
        }
        if left > 0 { result += new }
        return result
    }

    /// As MarkupSafe escapes it; what is safe stays.
    static func escaped(_ value: JinjaValue, meter: JinjaMeter) throws -> String {
        if case .safe(let text) = value { return text }
        let text = try plain(value, meter)
        try meter.make(text.utf8.count * 5)
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// `str` of a value.
    static func plain(_ value: JinjaValue, _ meter: JinjaMeter) throws -> String {
        switch value {
        case .string(let text), .safe(let text): return text
        case .undefined: return ""
        default:
            var result = ""
            try represent(value, into: &result, meter)
            return result
        }
    }

    /// `repr` of a value.
    private static func represent(_ value: JinjaValue, into result: inout String, _ meter: JinjaMeter) throws {
        func add(_ text: String) throws {
            try meter.make(text.utf8.count)
            result += text
        }
        func list(_ items: [JinjaValue], _ open: String, _ close: String) throws {
            try add(open)
            for (index, item) in items.enumerated() {
                if index > 0 { try add(", ") }
                try represent(item, into: &result, meter)
            }
            try add(close)
        }
        try meter.step()
        switch value {
        case .undefined: try add("Undefined")
        case .none: try add("None")
        case .bool(let value): try add(value ? "True" : "False")
        case .int(let value): try add(String(value))
        case .double(let value): try add(JinjaNumber.text(value))
        case .string(let text): try add(quoted(text, meter))
        case .safe(let text): try add("Markup(" + quoted(text, meter) + ")")
        case .sequence(let sequence):
            switch sequence.kind {
            case .list: try list(sequence.items, "[", "]")
            case .tuple, .group: try list(sequence.items, "(", sequence.items.count == 1 ? ",)" : ")")
            case .keys: try list(sequence.items, "dict_keys([", "])")
            case .values: try list(sequence.items, "dict_values([", "])")
            case .items: try list(sequence.items, "dict_items([", "])")
            }
        case .range(let range):
            let step = range.step == 1 ? "" : ", \(range.step)"
            try add("range(\(range.start), \(range.stop)\(step))")
        case .dictionary(let dictionary):
            try add("{")
            for (index, entry) in dictionary.entries.enumerated() {
                if index > 0 { try add(", ") }
                try represent(entry.key, into: &result, meter)
                try add(": ")
                try represent(entry.value, into: &result, meter)
            }
            try add("}")
        case .iterator, .object, .method, .function:
            throw JinjaError.unsupported("\(value.typeName) as text")
        }
    }

    /// `repr` of a string.
    static func quoted(_ text: String, _ meter: JinjaMeter) throws -> String {
        try meter.touch(text.utf8.count * 8)
        let quote: Unicode.Scalar = text.utf8.contains(39) && !text.utf8.contains(34) ? "\"" : "'"
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\":
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case _ where PythonText.isPrintable(scalar): result.append(scalar)
            default:
                let width = scalar.value < 0x100 ? 2 : scalar.value < 0x1_0000 ? 4 : 8
                let mark = width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U"
                result.append(contentsOf: (mark + hex(scalar.value, width: width)).unicodeScalars)
            }
        }
        result.append(quote)
        return String(result)
    }

    static func hex(_ value: UInt32, width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
