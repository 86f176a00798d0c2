/// What a filter, a test, a method or a function is given. Whatever is not taken is refused: no argument is dropped.
struct JinjaArguments {
    let callee: String
    private(set) var positional: ArraySlice<JinjaValue>
    private(set) var named: [(name: String, value: JinjaValue)]

    init(_ callee: String, _ positional: [JinjaValue] = [], named: [(name: String, value: JinjaValue)] = []) {
        self.callee = callee
        self.positional = positional[...]
        self.named = named
    }

    /// The next argument by place, or the one of that name; nil where neither is there.
    mutating func take(_ name: String) -> JinjaValue? {
        if let value = positional.popFirst() { return value }
        return takeNamed(name)
    }

    mutating func takeNamed(_ name: String) -> JinjaValue? {
        guard let index = named.firstIndex(where: { $0.name == name }) else { return nil }
        return named.remove(at: index).value
    }

    /// The next argument, which has no name.
    mutating func next() throws -> JinjaValue {
        guard let value = positional.popFirst() else { throw JinjaError.failed("\(callee) is given too little") }
        return value
    }

    mutating func all() throws -> [JinjaValue] {
        guard named.isEmpty else { return try finish(with: []) }
        defer { positional = [] }
        return Array(positional)
    }

    mutating func takePositional() -> JinjaValue? { positional.popFirst() }

    mutating func takeAllNamed() -> [(name: String, value: JinjaValue)] {
        defer { named = [] }
        return named
    }

    mutating func takeAllPositional() -> [JinjaValue] {
        defer { positional = [] }
        return Array(positional)
    }

    mutating func text(_ name: String) throws -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.string else { throw JinjaError.failed("\(callee) is given \(value.typeName)") }
        return text
    }

    mutating func integer(_ name: String) throws -> Int? {
        guard let value = take(name) else { return nil }
        guard let integer = value.integer else { throw JinjaError.failed("\(callee) is given \(value.typeName)") }
        return integer
    }

    mutating func flag(_ name: String) -> Bool? { take(name).map(JinjaOperations.isTrue) }

    func finish() throws { _ = try finish(with: ()) }

    private func finish<Value>(with value: Value) throws -> Value {
        if let name = named.first?.name { throw JinjaError.failed("\(callee) has no argument '\(name)'") }
        guard positional.isEmpty else { throw JinjaError.failed("\(callee) is given too much") }
        return value
    }
}
