import Foundation

/// Operators, tests, filters, methods and functions of templates.
enum JinjaOperations {
    static func binary(_ name: String, _ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> JinjaValue {
        switch (name, left, right) {
        case ("~", _, _): return .string(left.text + right.text)
        case ("==", _, _): return .bool(equal(left, right))
        case ("!=", _, _): return .bool(!equal(left, right))
        case ("in", .string(let part), .string(let whole)): return .bool(part.isEmpty || whole.contains(part))
        case ("in", _, .array(let items)): return .bool(items.contains { equal($0, left) })
        case ("in", .string(let key), .object(let entries)): return .bool(entries.contains { $0.key == key })
        case ("in", _, _): return .bool(false)
        case ("+", .string(let a), .string(let b)): return .string(a + b)
        case ("+", .array(let a), .array(let b)): return .array(a + b)
        case ("<", .string(let a), .string(let b)): return .bool(a < b)
        case (">", .string(let a), .string(let b)): return .bool(a > b)
        default: return try arithmetic(name, left, right)
        }
    }

    private static func arithmetic(_ name: String, _ left: JinjaValue, _ right: JinjaValue) throws(JinjaError)
        -> JinjaValue
    {
        if case .int(let a) = left, case .int(let b) = right {
            // Wrapping: a template that overflows is nonsense, not a reason to stop the program.
            switch name {
            case "+": return .int(a &+ b)
            case "-": return .int(a &- b)
            case "*": return .int(a &* b)
            case "//" where b != 0 && b != -1: return .int(Int((Double(a) / Double(b)).rounded(.down)))
            case "%" where b != 0 && b != -1: return .int(((a % b) + b) % b)
            default: break
            }
        }
        guard let a = number(left), let b = number(right) else {
            throw .syntax("'\(name)' between values that are not numbers")
        }
        switch name {
        case "+": return .double(a + b)
        case "-": return .double(a - b)
        case "*": return .double(a * b)
        case "/" where b != 0: return .double(a / b)
        case "<": return .bool(a < b)
        case ">": return .bool(a > b)
        case "<=": return .bool(a <= b)
        case ">=": return .bool(a >= b)
        default: throw .unsupported("the operator '\(name)' on \(left.text) and \(right.text)")
        }
    }

    private static func number(_ value: JinjaValue) -> Double? {
        switch value {
        case .int(let value): Double(value)
        case .double(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    private static func equal(_ left: JinjaValue, _ right: JinjaValue) -> Bool {
        if let a = number(left), let b = number(right) { return a == b }
        return left == right
    }

    static func element(of base: JinjaValue, at index: JinjaValue) throws(JinjaError) -> JinjaValue {
        switch (base, index) {
        case (.object, .string(let key)): return base.member(key)
        case (.array(let items), .int(let place)):
            let offset = place < 0 ? place + items.count : place
            return items.indices.contains(offset) ? items[offset] : .undefined
        case (.string(let text), .int(let place)):
            let characters = Array(text.unicodeScalars)
            let offset = place < 0 ? place + characters.count : place
            return characters.indices.contains(offset) ? .string(String(Character(characters[offset]))) : .undefined
        default: return .undefined
        }
    }

    static func slice(_ base: JinjaValue, _ bounds: [JinjaValue]) throws(JinjaError) -> JinjaValue {
        func places(_ count: Int) throws(JinjaError) -> [Int] {
            var numbers: [Int?] = []
            for bound in bounds {
                if case .int(let value) = bound { numbers.append(value) } else { numbers.append(nil) }
            }
            let step = numbers[2] ?? 1
            guard step != 0 else { throw .syntax("a slice with step 0") }
            func clamp(_ value: Int?, _ fallback: Int, _ range: ClosedRange<Int>) -> Int {
                guard let value else { return fallback }
                return min(max(value < 0 ? value + count : value, range.lowerBound), range.upperBound)
            }
            if step > 0 {
                return Array(
                    stride(from: clamp(numbers[0], 0, 0...count), to: clamp(numbers[1], count, 0...count), by: step))
            }
            return Array(
                stride(
                    from: clamp(numbers[0], count - 1, -1...(count - 1)), to: clamp(numbers[1], -1, -1...count),
                    by: step)
            ).filter { (0..<count).contains($0) }
        }
        switch base {
        case .array(let items): return .array(try places(items.count).map { items[$0] })
        case .string(let text):
            let scalars = Array(text.unicodeScalars)
            return .string(String(String.UnicodeScalarView(try places(scalars.count).map { scalars[$0] })))
        default: throw .syntax("a slice of something that is no list")
        }
    }

    static func test(_ name: String, _ value: JinjaValue, _ operands: [JinjaValue]) throws(JinjaError) -> Bool {
        switch name {
        case "defined": return value != .undefined
        case "undefined": return value == .undefined
        case "none": return value == .none
        case "string": if case .string = value { return true } else { return false }
        case "mapping": if case .object = value { return true } else { return false }
        case "number": return number(value) != nil
        case "integer": if case .int = value { return true } else { return false }
        case "boolean": if case .bool = value { return true } else { return false }
        case "true": return value == .bool(true)
        case "false": return value == .bool(false)
        case "iterable", "sequence":
            switch value {
            case .array, .object, .string: return true
            default: return false
            }
        case "even", "odd":
            guard case .int(let number) = value else { return false }
            return (number % 2 == 0) == (name == "even")
        case "equalto", "eq": return equal(value, operands.first ?? .undefined)
        case "in": return try binary("in", value, operands.first ?? .undefined).isTrue
        default: throw .unsupported("the test '\(name)'")
        }
    }

    static func filter(_ name: String, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        switch (name, value) {
        case ("trim", .string), ("upper", .string), ("lower", .string), ("title", .string), ("replace", .string),
            ("capitalize", .string):
            return try method(name == "trim" ? "strip" : name, of: value, arguments)
        case ("length", .string(let text)), ("count", .string(let text)): return .int(text.unicodeScalars.count)
        case ("length", _), ("count", _): return .int(value.items?.count ?? 0)
        case ("join", _): return .string((value.items ?? []).map(\.text).joined(separator: arguments.text(0) ?? ""))
        case ("tojson", _): return .string(value.json)
        case ("first", _): return value.items?.first ?? .undefined
        case ("last", _): return value.items?.last ?? .undefined
        case ("list", _): return .array(value.items ?? [])
        case ("reverse", .array(let items)): return .array(items.reversed())
        case ("string", _): return .string(value.text)
        case ("safe", _), ("e", _): return value
        case ("int", _):
            return .int(number(value).flatMap { Int(exactly: $0.rounded(.towardZero)) } ?? Int(value.text) ?? 0)
        case ("default", _), ("d", _):
            let usesFallback = value == .undefined || (arguments.positional.last == .bool(true) && !value.isTrue)
            return usesFallback ? arguments.positional.first ?? .string("") : value
        case ("items", .object): return try method("items", of: value, arguments)
        case ("selectattr", _), ("rejectattr", _):
            guard let key = arguments.text(0) else { throw .syntax("'\(name)' without an attribute") }
            var kept: [JinjaValue] = []
            for item in value.items ?? [] {
                let member = item.member(key)
                let holds =
                    try arguments.text(1).map { (test) throws(JinjaError) in
                        try Self.test(test, member, Array(arguments.positional.dropFirst(2)))
                    } ?? member.isTrue
                if holds == (name == "selectattr") { kept.append(item) }
            }
            return .array(kept)
        case ("map", _):
            if let key = arguments.named.first(where: { $0.0 == "attribute" })?.1.text {
                return .array((value.items ?? []).map { $0.member(key) })
            }
            guard let inner = arguments.text(0) else { throw .syntax("'map' without a filter") }
            var mapped: [JinjaValue] = []
            for item in value.items ?? [] { mapped.append(try filter(inner, item, JinjaArguments())) }
            return .array(mapped)
        default: throw .unsupported("the filter '\(name)'")
        }
    }

    static func method(_ name: String, of value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        switch (name, value) {
        case ("strip", .string(let text)): return .string(strip(text, arguments.text(0), left: true, right: true))
        case ("lstrip", .string(let text)): return .string(strip(text, arguments.text(0), left: true, right: false))
        case ("rstrip", .string(let text)): return .string(strip(text, arguments.text(0), left: false, right: true))
        case ("upper", .string(let text)): return .string(text.uppercased())
        case ("lower", .string(let text)): return .string(text.lowercased())
        case ("title", .string(let text)): return .string(text.capitalized)
        case ("capitalize", .string(let text)):
            return .string(text.prefix(1).uppercased() + text.dropFirst().lowercased())
        case ("startswith", .string(let text)): return .bool(text.utf8.starts(with: (arguments.text(0) ?? "").utf8))
        case ("endswith", .string(let text)):
            return .bool(text.utf8.reversed().starts(with: (arguments.text(0) ?? "").utf8.reversed()))
        case ("replace", .string(let text)):
            return .string(
                text.replacingOccurrences(of: arguments.text(0) ?? "", with: arguments.text(1) ?? "", options: .literal)
            )
        case ("split", .string(let text)):
            guard let separator = arguments.text(0), !separator.isEmpty else {
                return .array(text.split(whereSeparator: \.isWhitespace).map { .string(String($0)) })
            }
            return .array(text.components(separatedBy: separator).map { .string($0) })
        case ("items", .object(let entries)): return .array(entries.map { .array([.string($0.key), $0.value]) })
        case ("keys", .object(let entries)): return .array(entries.map { .string($0.key) })
        case ("values", .object(let entries)): return .array(entries.map(\.value))
        case ("get", .object):
            let found = value.member(arguments.text(0) ?? "")
            guard found == .undefined else { return found }
            return arguments.positional.count > 1 ? arguments.positional[1] : .none
        default: throw .unsupported("the method '\(name)'")
        }
    }

    private static func strip(_ text: String, _ characters: String?, left: Bool, right: Bool) -> String {
        func isStripped(_ scalar: Unicode.Scalar) -> Bool {
            characters.map { $0.unicodeScalars.contains(scalar) } ?? scalar.properties.isWhitespace
        }
        var view = text.unicodeScalars[...]
        while left, let first = view.first, isStripped(first) { view.removeFirst() }
        while right, let last = view.last, isStripped(last) { view.removeLast() }
        return String(view)
    }

    static func function(_ name: String, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        switch name {
        case "raise_exception": throw .raised(arguments.text(0) ?? "")
        case "namespace", "dict": return .object(arguments.named)
        case "range":
            let bounds = arguments.positional.compactMap { value -> Int? in
                if case .int(let number) = value { number } else { nil }
            }
            let (from, to) = bounds.count > 1 ? (bounds[0], bounds[1]) : (0, bounds.first ?? 0)
            guard to - from < 100_000 else { throw .tooLong }
            return .array((min(from, to)..<to).map { .int($0) })
        case "strftime_now":
            let formatter = DateFormatter()
            formatter.dateFormat = "dd MMM yyyy"
            return .string(formatter.string(from: Date()))
        default: throw .unsupported("the function '\(name)'")
        }
    }
}
