/// Transformers' `tojson`: `json.dumps` with `ensure_ascii` off unless asked for.
struct JinjaJSON {
    var escapesNonASCII = false
    /// What a level is indented by; nil for all on one line.
    var indentation: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
    let meter: JinjaMeter
    private var result = ""

    init(_ arguments: inout JinjaArguments, _ meter: JinjaMeter) throws {
        self.meter = meter
        escapesNonASCII = JinjaOperations.isTrue(arguments.take("ensure_ascii") ?? .bool(false))
        switch arguments.take("indent") ?? .none {
        case .none: break
        case .string(let text), .safe(let text): indentation = text
        case let value:
            guard let width = value.integer else {
                throw JinjaError.failed("'tojson' is indented by \(value.typeName)")
            }
            try meter.make(max(0, width))
            indentation = String(repeating: " ", count: max(0, width))
        }
        if indentation != nil { itemSeparator = "," }
        switch arguments.take("separators") ?? .none {
        case .none: break
        case .sequence(let pair):
            guard pair.items.count == 2, let item = pair.items[0].string, let key = pair.items[1].string else {
                fallthrough
            }
            (itemSeparator, keySeparator) = (item, key)
        default: throw JinjaError.failed("'tojson' needs two separators")
        }
        sortsKeys = JinjaOperations.isTrue(arguments.take("sort_keys") ?? .bool(false))
    }

    static func text(_ value: JinjaValue, _ arguments: inout JinjaArguments, _ meter: JinjaMeter) throws -> String {
        var writer = try JinjaJSON(&arguments, meter)
        try arguments.finish()
        try writer.write(value, level: 0)
        return writer.result
    }

    private mutating func add(_ text: String) throws {
        try meter.make(text.utf8.count)
        result += text
    }

    private mutating func breakLine(_ level: Int) throws {
        guard let indentation else { return }
        let (width, overflows) = indentation.utf8.count.multipliedReportingOverflow(by: level)
        try meter.make(overflows ? Int.max : width)
        result += "\n"
        for _ in 0..<level { result += indentation }
    }

    private mutating func write(_ value: JinjaValue, level: Int) throws {
        try meter.step()
        switch value {
        case .none: try add("null")
        case .bool(let value): try add(value ? "true" : "false")
        case .int(let value): try add(String(value))
        case .double(let value): try add(Self.number(value))
        case .string(let text), .safe(let text): try quote(text)
        case .sequence(let sequence) where [.list, .tuple, .group].contains(sequence.kind):
            try add("[")
            for (index, item) in sequence.items.enumerated() {
                if index > 0 { try add(itemSeparator) }
                try breakLine(level + 1)
                try write(item, level: level + 1)
            }
            if !sequence.items.isEmpty { try breakLine(level) }
            try add("]")
        case .dictionary(let dictionary):
            try add("{")
            for (index, entry) in try entries(dictionary).enumerated() {
                if index > 0 { try add(itemSeparator) }
                try breakLine(level + 1)
                try quote(Self.key(entry.key))
                try add(keySeparator)
                try write(entry.value, level: level + 1)
            }
            if !dictionary.entries.isEmpty { try breakLine(level) }
            try add("}")
        default: throw JinjaError.failed("\(value.typeName) has no JSON")
        }
    }

    private func entries(_ dictionary: JinjaDictionary) throws -> [(key: JinjaValue, value: JinjaValue)] {
        guard sortsKeys else { return dictionary.entries }
        return try JinjaFilters.sorted(dictionary.entries, isReversed: false, meter) { $0.key }
    }

    private static func number(_ value: Double) -> String {
        value.isFinite ? JinjaNumber.text(value) : value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    private static func key(_ value: JinjaValue) throws -> String {
        switch value {
        case .string(let text), .safe(let text): text
        case .int(let value): String(value)
        case .double(let value): number(value)
        case .bool(let value): value ? "true" : "false"
        case .none: "null"
        default: throw JinjaError.failed("\(value.typeName) is no key in JSON")
        }
    }

    private mutating func quote(_ text: String) throws {
        try meter.make(text.utf8.count + 2)
        result += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case "\u{0}"..<"\u{20}": result += "\\u" + JinjaText.hex(scalar.value, width: 4)
            case "\u{7F}"... where escapesNonASCII:
                try meter.make(12)
                for unit in String(Character(scalar)).utf16 { result += "\\u" + JinjaText.hex(UInt32(unit), width: 4) }
            default: result.unicodeScalars.append(scalar)
            }
        }
        result += "\""
    }
}
