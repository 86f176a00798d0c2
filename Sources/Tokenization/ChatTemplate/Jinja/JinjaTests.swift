extension JinjaRenderer {
    static let knownTests: Set<String> = [
        "odd", "even", "divisibleby", "defined", "undefined", "filter", "test", "none", "boolean", "false", "true",
        "integer", "float", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "callable",
        "sameas", "escaped", "in", "==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", "ge", ">=", "<", "lt",
        "lessthan", "<=", "le",
    ]

    /// `value is name(arguments)`.
    @inline(never)
    func test(_ name: String, _ value: JinjaValue, _ given: JinjaArguments) throws -> Bool {
        try meter.step()
        var arguments = given
        if let comparison = Self.comparison(name) {
            let other = try arguments.next()
            try arguments.finish()
            return try JinjaOperations.compare(comparison, value, other, meter)
        }
        switch name {
        case "divisibleby":
            let divisor = arguments.take("num") ?? .none
            try arguments.finish()
            return try remainder(value, divisor, is: 0)
        case "sameas":
            let other = arguments.take("other") ?? .none
            try arguments.finish()
            return try isSame(value, other)
        case "in":
            let container = arguments.take("seq") ?? .none
            try arguments.finish()
            return try JinjaOperations.contains(container, value, meter)
        default: try arguments.finish()
        }
        switch name {
        case "odd": return try remainder(value, .int(2), is: 1)
        case "even": return try remainder(value, .int(2), is: 0)
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "filter": return JinjaFilters.known.contains(value.string ?? "")
        case "test": return Self.knownTests.contains(value.string ?? "")
        case "none": return value.isNone
        case "boolean", "true", "false":
            guard case .bool(let flag) = value else { return false }
            return name == "boolean" || flag == (name == "true")
        case "integer":
            if case .int = value { return true }
            return false
        case "float":
            if case .double = value { return true }
            return false
        case "number": return JinjaNumber.real(value) != nil
        case "string": return value.string != nil
        case "lower", "upper":
            let text = try JinjaText.plain(value, meter)
            try meter.touchCharacters(text.utf8.count)
            return JinjaMethods.isCased(text, upper: name == "upper")
        case "mapping":
            if case .dictionary = value { return true }
            return false
        case "sequence":
            switch value {
            case .string, .safe, .range, .dictionary, .undefined: return true
            case .sequence(let sequence): return [.list, .tuple, .group].contains(sequence.kind)
            default: return false
            }
        case "iterable":
            switch value {
            case .string, .safe, .range, .dictionary, .sequence, .iterator, .undefined, .object(is JinjaLoopState):
                return true
            default: return false
            }
        case "callable":
            switch value {
            case .method, .function, .object(is JinjaMacroValue), .object(is JinjaJoiner), .object(is JinjaLoopState):
                return true
            // Jinja's own kind of undefined has `__call__`.
            case .undefined: return true
            default: return false
            }
        case "escaped":
            if case .safe = value { return true }
            return false
        default: throw JinjaError.syntax("the test '\(name)' is unknown")
        }
    }

    private static func comparison(_ name: String) -> JinjaComparison? {
        switch name {
        case "eq", "equalto", "==": .equal
        case "ne", "!=": .unequal
        case "lt", "lessthan", "<": .less
        case "gt", "greaterthan", ">": .greater
        case "le", "<=": .lessOrEqual
        case "ge", ">=": .greaterOrEqual
        default: nil
        }
    }

    private func remainder(_ value: JinjaValue, _ divisor: JinjaValue, is wanted: Int) throws -> Bool {
        let rest = try JinjaNumber.calculate(.remainder, value, divisor)
        return JinjaNumber.compare(rest, .int(wanted)) == .equal
    }

    /// Python's `is`, where it can be told: what is one object there and what is not depends on its implementation.
    private func isSame(_ value: JinjaValue, _ other: JinjaValue) throws -> Bool {
        switch (value, other) {
        case (.none, .none): true
        case (.bool(let a), .bool(let b)): a == b
        case (.sequence(let a), .sequence(let b)): a === b
        case (.dictionary(let a), .dictionary(let b)): a === b
        case (.object(let a), .object(let b)): a === b
        case (.int, .int), (.double, .double), (.string, .string), (.undefined, .undefined):
            throw JinjaError.unsupported("the test 'sameas' of \(value.typeName)")
        default: false
        }
    }
}
