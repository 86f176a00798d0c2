/// Operators and comparisons, as Python has them.
enum JinjaOperations {
    static func isTrue(_ value: JinjaValue) -> Bool {
        switch value {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let text), .safe(let text): !text.isEmpty
        case .sequence(let sequence): !sequence.items.isEmpty
        case .range(let range): range.count > 0
        case .dictionary(let dictionary): !dictionary.entries.isEmpty
        case .iterator, .object, .method, .function: true
        }
    }

    static func areEqual(_ left: JinjaValue, _ right: JinjaValue, _ meter: JinjaMeter) throws -> Bool {
        try meter.step()
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let a), .string(let b)), (.string(let a), .safe(let b)), (.safe(let a), .string(let b)),
            (.safe(let a), .safe(let b)):
            try meter.touch(min(a.utf8.count, b.utf8.count))
            return a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8)
        case (.sequence(let a), .sequence(let b)):
            switch (a.kind, b.kind) {
            case (.list, .list), (.tuple, .tuple), (.tuple, .group), (.group, .tuple), (.group, .group): break
            case (.values, _), (_, .values), (.list, _), (_, .list), (.tuple, _), (_, .tuple): return a === b
            default: throw JinjaError.unsupported("a comparison of a dictionary's views")
            }
            guard a.items.count == b.items.count else { return false }
            for (x, y) in zip(a.items, b.items) where try !areEqual(x, y, meter) { return false }
            return true
        case (.dictionary(let a), .dictionary(let b)):
            guard a.entries.count == b.entries.count else { return false }
            for (key, value) in a.entries {
                guard let other = b[try JinjaKey(key)], try areEqual(value, other, meter) else { return false }
            }
            return true
        case (.range(let a), .range(let b)):
            return a.count == b.count && (a.count == 0 || a.start == b.start && (a.count == 1 || a.step == b.step))
        case (.object(let a), .object(let b)): return a === b
        case (.iterator(let a), .iterator(let b)): return a === b
        case (.function(let a), .function(let b)): return a == b
        case (.method, .method): throw JinjaError.unsupported("a comparison of methods")
        default: return JinjaNumber.compare(left, right).map { $0 == .equal } ?? false
        }
    }

    /// -1, 0 or 1; nil where a float is no number.
    private static func order(_ left: JinjaValue, _ right: JinjaValue, _ meter: JinjaMeter) throws -> JinjaNumber.Order
    {
        try meter.step()
        if let a = left.string, let b = right.string {
            try meter.touch(min(a.utf8.count, b.utf8.count))
            if a.utf8.elementsEqual(b.utf8) { return .equal }
            // Bytes of UTF-8 stand in the order of their characters.
            return a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater
        }
        if case .sequence(let a) = left, case .sequence(let b) = right,
            a.kind == .list && b.kind == .list || a.kind != .list && b.kind != .list
        {
            for (x, y) in zip(a.items, b.items) where try !areEqual(x, y, meter) { return try order(x, y, meter) }
            return a.items.count == b.items.count ? .equal : a.items.count < b.items.count ? .less : .greater
        }
        guard let order = JinjaNumber.compare(left, right) else {
            throw JinjaError.failed("\(left.typeName) and \(right.typeName) cannot be ordered")
        }
        return order
    }

    static func precedes(_ left: JinjaValue, _ right: JinjaValue, _ meter: JinjaMeter) throws -> Bool {
        try order(left, right, meter) == .less
    }

    static func compare(
        _ operation: JinjaComparison, _ left: JinjaValue, _ right: JinjaValue, _ meter: JinjaMeter
    ) throws -> Bool {
        switch operation {
        case .equal: try areEqual(left, right, meter)
        case .unequal: try !areEqual(left, right, meter)
        case .less: try order(left, right, meter) == .less
        case .greater: try order(left, right, meter) == .greater
        case .lessOrEqual: try [.less, .equal].contains(order(left, right, meter))
        case .greaterOrEqual: try [.greater, .equal].contains(order(left, right, meter))
        case .isIn: try contains(right, left, meter)
        case .isNotIn: try !contains(right, left, meter)
        }
    }

    static func contains(_ container: JinjaValue, _ value: JinjaValue, _ meter: JinjaMeter) throws -> Bool {
        switch container {
        case .string(let text), .safe(let text):
            guard let part = value.string else {
                throw JinjaError.failed("\(value.typeName) is looked for in a string")
            }
            try meter.touch(text.utf8.count + part.utf8.count)
            return try JinjaText.firstIndex(of: Array(part.utf8), in: Array(text.utf8), meter) != nil
        case .sequence(let sequence):
            for item in sequence.items where try areEqual(item, value, meter) { return true }
            return false
        case .dictionary(let dictionary): return dictionary[try JinjaKey(value)] != nil
        case .range(let range):
            for index in 0..<range.count where try areEqual(.int(range[index]), value, meter) { return true }
            return false
        case .iterator(let iterator):
            while let item = try iterator.next() { if try areEqual(item, value, meter) { return true } }
            return false
        case .undefined: return false
        default: throw JinjaError.failed("nothing can be in \(container.typeName)")
        }
    }

    static func calculate(
        _ operation: JinjaArithmetic, _ left: JinjaValue, _ right: JinjaValue, _ meter: JinjaMeter
    ) throws -> JinjaValue {
        try meter.step()
        switch (operation, left, right) {
        case (.add, .safe(let a), _) where right.string != nil:
            return .safe(try JinjaText.joined([a, JinjaText.escaped(right, meter: meter)], meter))
        case (.add, .string, .safe(let b)):
            return .safe(try JinjaText.joined([JinjaText.escaped(left, meter: meter), b], meter))
        case (.add, .string(let a), .string(let b)): return .string(try JinjaText.joined([a, b], meter))
        case (.add, .sequence(let a), .sequence(let b))
        where a.kind == b.kind && (a.kind == .list || a.kind == .tuple):
            try meter.makeItems(a.items.count + b.items.count)
            return .sequence(JinjaSequence(a.kind, a.items + b.items, depth: max(a.depth, b.depth)))
        case (.multiply, _, _):
            if let result = try repeated(left, right, meter) ?? repeated(right, left, meter) { return result }
        case (.remainder, .string(let format), _): return .string(try JinjaText.formatted(format, right, meter))
        case (.remainder, .safe, _): throw JinjaError.unsupported("the operator '%' of a safe string")
        default: break
        }
        return try JinjaNumber.calculate(operation, left, right)
    }

    private static func repeated(_ value: JinjaValue, _ count: JinjaValue, _ meter: JinjaMeter) throws -> JinjaValue? {
        guard let count = count.integer.map({ max($0, 0) }) else { return nil }
        func checked(_ size: Int) throws -> Int {
            let (total, overflows) = size.multipliedReportingOverflow(by: count)
            return overflows ? Int.max : total
        }
        switch value {
        case .string(let text):
            try meter.make(checked(text.utf8.count))
            return .string(text.isEmpty ? "" : String(repeating: text, count: count))
        case .safe(let text):
            try meter.make(checked(text.utf8.count))
            return .safe(text.isEmpty ? "" : String(repeating: text, count: count))
        case .sequence(let sequence) where sequence.kind == .list || sequence.kind == .tuple:
            try meter.makeItems(checked(sequence.items.count))
            guard !sequence.items.isEmpty else { return value }
            var items: [JinjaValue] = []
            for _ in 0..<count { items += sequence.items }
            return .sequence(JinjaSequence(sequence.kind, items, depth: sequence.depth))
        default: return nil
        }
    }
}
