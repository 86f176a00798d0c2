extension JinjaMethods {
    static let ofStrings: Set<String> = [
        "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "format_map",
        "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric",
        "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "maketrans", "partition",
        "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
        "split",
        "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill",
    ]

    enum Alignment { case left, right, center }

    @inline(never)
    static func ofString(
        _ name: String, _ text: String, _ arguments: inout JinjaArguments, _ renderer: JinjaRenderer
    ) throws -> JinjaValue {
        let meter = renderer.meter
        try meter.make(text.utf8.count)
        if ["upper", "lower", "title", "capitalize", "swapcase"].contains(name) || name.utf8.starts(with: "is".utf8) {
            try meter.touchCharacters(text.utf8.count)
        }
        switch name {
        case "upper": return .string(PythonText.uppercased(text))
        case "lower": return .string(PythonText.lowercased(text))
        case "title": return .string(PythonText.titled(text))
        case "capitalize": return .string(PythonText.capitalized(text))
        case "swapcase":
            return .string(
                text.unicodeScalars.reduce(into: "") {
                    $0 +=
                        $1.properties.isUppercase
                        ? $1.properties.lowercaseMapping
                        : $1.properties.isLowercase ? $1.properties.uppercaseMapping : String(Character($1))
                })
        case "strip", "lstrip", "rstrip":
            let chars = arguments.takePositional() ?? .none
            return .string(try stripped(text, chars, left: name != "rstrip", right: name != "lstrip"))
        case "split", "rsplit":
            let separator = arguments.take("sep") ?? .none
            let most = try arguments.integer("maxsplit") ?? -1
            return try split(text, separator, most: most < 0 ? .max : most, fromRight: name == "rsplit", renderer)
        case "splitlines":
            let lines = try JinjaText.lines(text, keepsEnds: arguments.flag("keepends") ?? false, meter)
            return try renderer.sequence(.list, lines.map { .string($0) })
        case "partition", "rpartition":
            guard case .string(let separator) = try arguments.next(), !separator.isEmpty else {
                throw JinjaError.failed("'\(name)' needs a separator")
            }
            return try renderer.sequence(
                .tuple, try partition(text, separator, last: name == "rpartition", meter).map { .string($0) })
        case "replace":
            guard case .string(let old) = try arguments.next(), case .string(let new) = try arguments.next() else {
                throw JinjaError.failed("'replace' needs two texts")
            }
            guard let count = (arguments.takePositional() ?? .int(-1)).integer else {
                throw JinjaError.failed("'replace' counts by no integer")
            }
            return .string(try JinjaText.replacing(old, with: new, in: text, count: count, meter))
        case "startswith", "endswith", "find", "rfind", "index", "rindex", "count":
            return try search(name, text, &arguments, meter)
        case "join":
            let parts = try renderer.list(arguments.next()).map { part in
                guard case .string(let text) = part else { throw JinjaError.failed("'join' is given \(part.typeName)") }
                return text
            }
            let gaps = max(0, parts.count - 1).multipliedReportingOverflow(by: text.utf8.count)
            try meter.make(gaps.overflow ? Int.max : gaps.partialValue)
            try meter.make(parts.reduce(0) { $0 + $1.utf8.count })
            return .string(parts.joined(separator: text))
        case "removeprefix", "removesuffix":
            guard case .string(let part) = try arguments.next() else {
                throw JinjaError.failed("'\(name)' needs a text")
            }
            let (bytes, end) = (Array(text.utf8), Array(part.utf8))
            guard name == "removeprefix" ? bytes.starts(with: end) : bytes.reversed().starts(with: end.reversed())
            else {
                return .string(text)
            }
            let rest = name == "removeprefix" ? bytes.dropFirst(end.count) : bytes.dropLast(end.count)
            return .string(String(decoding: rest, as: UTF8.self))
        case "center", "ljust", "rjust":
            guard let width = try arguments.next().integer else { throw JinjaError.failed("'\(name)' needs a width") }
            let filler = (arguments.takePositional() ?? .string(" ")).string?.unicodeScalars
            guard let filler, filler.count == 1, let filler = filler.first else {
                throw JinjaError.failed("'\(name)' fills with no character")
            }
            return .string(
                try aligned(
                    text, to: width, filler, name == "center" ? .center : name == "ljust" ? .left : .right, meter))
        case "zfill":
            guard let width = try arguments.next().integer else { throw JinjaError.failed("'zfill' needs a width") }
            let sign =
                text.unicodeScalars.first.map { $0 == "-" || $0 == "+" } == true
                ? String(text.unicodeScalars.prefix(1)) : ""
            let rest = String(text.unicodeScalars.dropFirst(sign.unicodeScalars.count))
            return .string(sign + (try aligned(rest, to: width - sign.unicodeScalars.count, "0", .right, meter)))
        default:
            guard let result = check(name, text) else {
                throw JinjaError.unsupported("the method '\(name)' of a string")
            }
            return .bool(result)
        }
    }

    /// What a string is: nil for what is not known here.
    private static func check(_ name: String, _ text: String) -> Bool? {
        let scalars = text.unicodeScalars
        func all(_ holds: (Unicode.Scalar) -> Bool) -> Bool { !scalars.isEmpty && scalars.allSatisfy(holds) }
        switch name {
        case "isalpha": return all(PythonText.isAlphabetic)
        case "isalnum": return all(PythonText.isAlphanumeric)
        case "isascii": return scalars.allSatisfy(\.isASCII)
        case "isdecimal": return all { $0.properties.numericType == .decimal }
        case "isdigit": return all { $0.properties.numericType == .decimal || $0.properties.numericType == .digit }
        case "isnumeric": return all { $0.properties.numericType != nil }
        case "isspace": return all(PythonText.isSpace)
        case "isprintable": return scalars.allSatisfy(PythonText.isPrintable)
        case "islower": return isCased(text, upper: false)
        case "isupper": return isCased(text, upper: true)
        default: return nil
        }
    }

    static func isCased(_ text: String, upper: Bool) -> Bool {
        var isCased = false
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            if upper ? properties.isLowercase : properties.isUppercase { return false }
            if properties.generalCategory == .titlecaseLetter { return false }
            if upper ? properties.isUppercase : properties.isLowercase { isCased = true }
        }
        return isCased
    }

    static func stripped(_ text: String, _ chars: JinjaValue, left: Bool, right: Bool) throws -> String {
        let isStripped: (Unicode.Scalar) -> Bool
        if chars.isNone {
            isStripped = PythonText.isSpace
        } else {
            guard let chars = chars.string else { throw JinjaError.failed("a text is stripped of \(chars.typeName)") }
            let set = Set(chars.unicodeScalars)
            isStripped = { set.contains($0) }
        }
        var view = text.unicodeScalars[...]
        while left, let first = view.first, isStripped(first) { view.removeFirst() }
        while right, let last = view.last, isStripped(last) { view.removeLast() }
        return String(String.UnicodeScalarView(view))
    }

    static func aligned(
        _ text: String, to width: Int, _ filler: Unicode.Scalar, _ alignment: Alignment, _ meter: JinjaMeter
    ) throws -> String {
        let count = text.unicodeScalars.count
        guard width > count else { return text }
        let missing = width - count
        try meter.make(missing > Int.max / 4 ? Int.max : missing * 4)
        // As there: what is left over goes to the left where the width is odd.
        let left = alignment == .left ? 0 : alignment == .right ? missing : missing / 2 + (missing & width & 1)
        var result = String.UnicodeScalarView()
        result.append(contentsOf: repeatElement(filler, count: left))
        result.append(contentsOf: text.unicodeScalars)
        result.append(contentsOf: repeatElement(filler, count: missing - left))
        return String(result)
    }
}
