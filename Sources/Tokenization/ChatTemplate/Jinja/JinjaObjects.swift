/// Names and their values; a scope looks into the one around it.
final class JinjaScope: JinjaClearable {
    private var values: [String: JinjaValue]
    private let outer: JinjaScope?

    init(_ outer: JinjaScope?, _ values: [String: JinjaValue] = [:]) {
        self.outer = outer
        self.values = values
    }

    subscript(name: String) -> JinjaValue? {
        var scope: JinjaScope? = self
        while let current = scope {
            if let value = current.values[name] { return value }
            scope = current.outer
        }
        return nil
    }

    func set(_ name: String, _ value: JinjaValue) { values[name] = value }

    func clear() { values = [:] }
}

/// What `namespace()` gives: the only thing whose attributes a template may set.
final class JinjaNamespace: JinjaObject {
    var values: [String: JinjaValue] = [:]
    var typeName: String { "a namespace" }
    func attribute(_ name: String) -> JinjaValue? { values[name] }
    func clear() { values = [:] }
}

final class JinjaMacroValue: JinjaObject {
    let macro: JinjaMacro
    let scope: JinjaScope
    var typeName: String { "the macro '\(macro.name)'" }

    init(_ macro: JinjaMacro, _ scope: JinjaScope) {
        self.macro = macro
        self.scope = scope
    }

    func attribute(_ name: String) throws -> JinjaValue? {
        switch name {
        case "name": return .string(macro.name)
        case "arguments", "catch_kwargs", "catch_varargs", "caller", "explicit_caller":
            throw JinjaError.unsupported("the attribute '\(name)' of a macro")
        default: return nil
        }
    }

    func clear() { scope.clear() }
}

/// Gives its values in turn.
final class JinjaCycler: JinjaObject {
    private var items: [JinjaValue]
    private var place = 0
    var typeName: String { "a cycler" }

    init(_ items: [JinjaValue]) { self.items = items }

    func attribute(_ name: String) -> JinjaValue? {
        switch name {
        case "current": items.isEmpty ? .undefined(name) : items[place]
        case "next", "reset": .method(of: .object(self), name)
        default: nil
        }
    }

    func next() -> JinjaValue {
        guard !items.isEmpty else { return .undefined("next") }
        defer { place = (place + 1) % items.count }
        return items[place]
    }

    func reset() { place = 0 }
    func clear() { items = [] }
}

/// Gives nothing the first time, its separator afterwards.
final class JinjaJoiner: JinjaObject {
    let separator: JinjaValue
    private var isUsed = false
    var typeName: String { "a joiner" }

    init(_ separator: JinjaValue) { self.separator = separator }

    func attribute(_ name: String) -> JinjaValue? { name == "sep" ? separator : nil }

    func next() -> JinjaValue {
        defer { isUsed = true }
        return isUsed ? separator : .string("")
    }

    func clear() {}
}

/// What a template calls `loop`.
final class JinjaLoopState: JinjaObject {
    private var source: JinjaIterator
    private let known: Int?
    private let meter: JinjaMeter
    private var rest: ArraySlice<JinjaValue>?
    private var after: JinjaValue?
    private var before: JinjaValue?
    private var current: JinjaValue?
    private var total: Int?
    private var lastChanged: [JinjaValue]?
    private var index0 = -1
    private let depth0: Int
    /// What is rendered again when the loop is called, where it is recursive.
    let recursion: (loop: JinjaLoop, scope: JinjaScope, depth: Int)?

    var typeName: String { "a loop" }

    init(
        _ source: JinjaIterator, count: Int?, depth: Int, recursion: (loop: JinjaLoop, scope: JinjaScope)?,
        meter: JinjaMeter
    ) {
        self.source = source
        known = count
        depth0 = depth
        self.recursion = recursion.map { ($0.loop, $0.scope, depth + 1) }
        self.meter = meter
    }

    private func pull() throws -> JinjaValue? {
        guard rest == nil else { return rest?.popFirst() }
        return try source.next()
    }

    private func peek() throws -> JinjaValue? {
        if after == nil { after = try pull() }
        return after
    }

    /// Moves on.
    func next() throws -> JinjaValue? {
        guard let value = try peek() else { return nil }
        after = nil
        before = current
        current = value
        index0 += 1
        return value
    }

    private func length() throws -> Int {
        if let length = known ?? total { return length }
        var items: [JinjaValue] = []
        while let item = try pull() {
            try meter.makeItems(1)
            items.append(item)
        }
        rest = items[...]
        let length = items.count + index0 + 1 + (after == nil ? 0 : 1)
        total = length
        return length
    }

    func attribute(_ name: String) throws -> JinjaValue? {
        switch name {
        case "index": .int(index0 + 1)
        case "index0": .int(index0)
        case "revindex": .int(try length() - index0)
        case "revindex0": .int(try length() - index0 - 1)
        case "first": .bool(index0 == 0)
        case "last": .bool(try peek() == nil)
        case "length": .int(try length())
        case "depth": .int(depth0 + 1)
        case "depth0": .int(depth0)
        case "previtem": index0 == 0 ? .undefined("previtem") : before ?? .undefined("previtem")
        case "nextitem": try peek() ?? .undefined("nextitem")
        case "cycle", "changed": .method(of: .object(self), name)
        default: nil
        }
    }

    func cycle(_ items: [JinjaValue]) throws -> JinjaValue {
        guard !items.isEmpty else { throw JinjaError.failed("'loop.cycle' needs a value") }
        return items[index0 % items.count]
    }

    func changed(_ values: [JinjaValue], meter: JinjaMeter) throws -> JinjaValue {
        if let lastChanged, lastChanged.count == values.count,
            try zip(lastChanged, values).allSatisfy({ try JinjaOperations.areEqual($0, $1, meter) })
        {
            return .bool(false)
        }
        lastChanged = values
        return .bool(true)
    }

    func clear() {
        source.clear()
        rest = []
        (after, before, current, lastChanged) = (nil, nil, nil, nil)
    }
}
