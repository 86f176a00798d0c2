import OrderedJSON

/// A value in a template, with the meaning that Python gives it.
indirect enum JinjaValue {
    /// Holds what was looked for.
    case undefined(String)
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    /// A string marked as safe, which differs where it is joined to others by `+`.
    case safe(String)
    case sequence(JinjaSequence)
    case range(JinjaRange)
    case dictionary(JinjaDictionary)
    case iterator(JinjaIterator)
    case object(any JinjaObject)
    /// A method of a value, not yet called.
    case method(of: JinjaValue, String)
    /// A function that every template knows.
    case function(String)

    init(_ literal: JinjaLiteral) {
        switch literal {
        case .none: self = .none
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        }
    }

    /// How many containers lie within each other, this one included.
    var depth: Int {
        switch self {
        case .sequence(let sequence): sequence.depth
        case .dictionary(let dictionary): dictionary.depth
        case .iterator(let iterator): iterator.depth
        case .method(let base, _): base.depth + 1
        default: 0
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { return true }
        return false
    }

    /// A string, marked or not.
    var string: String? {
        switch self {
        case .string(let text), .safe(let text): text
        default: nil
        }
    }

    /// An integer, as which Python takes a truth value too.
    var integer: Int? {
        switch self {
        case .int(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    /// What messages call its type.
    var typeName: String {
        switch self {
        case .undefined(let name): name.isEmpty ? "an undefined value" : "'\(name)', which is undefined"
        case .none: "none"
        case .bool: "a truth value"
        case .int: "an integer"
        case .double: "a float"
        case .string, .safe: "a string"
        case .sequence(let sequence): sequence.kind == .list ? "a list" : sequence.kind == .tuple ? "a tuple" : "a view"
        case .range: "a range"
        case .dictionary: "a dictionary"
        case .iterator: "an iterator"
        case .object(let object): object.typeName
        case .method(_, let name): "the method '\(name)'"
        case .function(let name): "the function '\(name)'"
        }
    }
}

/// A list, a tuple, or what a dictionary gives out. Never changed: the sandbox that Transformers uses forbids it.
final class JinjaSequence {
    enum Kind { case list, tuple, group, keys, values, items }

    let kind: Kind
    let items: [JinjaValue]
    let depth: Int

    init(_ kind: Kind, _ items: [JinjaValue], depth: Int) {
        self.kind = kind
        self.items = items
        self.depth = depth
    }
}

struct JinjaRange {
    var start: Int
    var stop: Int
    var step: Int
    var count: Int

    /// At most 100,000 steps of at most 2^32: no overflow.
    subscript(index: Int) -> Int { start + index * step }
}

final class JinjaDictionary {
    private(set) var entries: [(key: JinjaValue, value: JinjaValue)] = []
    private var places: [JinjaKey: Int] = [:]
    private(set) var depth = 1

    subscript(key: JinjaKey) -> JinjaValue? { places[key].map { entries[$0].value } }

    subscript(name: String) -> JinjaValue? { self[.string(ByteExactString(name))] }

    /// Only while it is made. A key given again keeps its place.
    func set(_ key: JinjaValue, _ value: JinjaValue) throws {
        let hashed = try JinjaKey(key)
        guard max(value.depth, key.depth) < JinjaMeter.deepestValue else { throw JinjaMeter.deepValue }
        put(hashed, key, value)
    }

    /// For names, which are always keys, and values that are known to be flat.
    func set(_ name: String, _ value: JinjaValue) { put(.string(ByteExactString(name)), .string(name), value) }

    private func put(_ hashed: JinjaKey, _ key: JinjaValue, _ value: JinjaValue) {
        depth = max(depth, value.depth + 1, key.depth + 1)
        if let place = places[hashed] {
            entries[place].value = value
        } else {
            places[hashed] = entries.count
            entries.append((key, value))
        }
    }
}

/// What a dictionary finds a value by: 1, 1.0 and true are one key.
enum JinjaKey: Hashable {
    case none
    case int(Int)
    case double(Double)
    case string(ByteExactString)
    case tuple([JinjaKey])
    case identity(ObjectIdentifier)

    init(_ value: JinjaValue) throws {
        switch value {
        case .none: self = .none
        case .bool(let value): self = .int(value ? 1 : 0)
        case .int(let value): self = .int(value)
        case .double(let value): self = Int(exactly: value).map { .int($0) } ?? .double(value)
        case .string(let text), .safe(let text): self = .string(ByteExactString(text))
        case .sequence(let sequence) where sequence.kind == .tuple || sequence.kind == .group:
            self = .tuple(try sequence.items.map { try JinjaKey($0) })
        case .object(let object): self = .identity(ObjectIdentifier(object))
        default: throw JinjaError.failed("\(value.typeName) cannot be a key")
        }
    }
}

/// Gives its values one by one, once.
final class JinjaIterator: JinjaClearable {
    private var pull: (() throws -> JinjaValue?)?
    let depth: Int

    init(depth: Int, _ pull: @escaping () throws -> JinjaValue?) {
        self.depth = depth
        self.pull = pull
    }

    func next() throws -> JinjaValue? {
        guard let value = try pull?() else {
            pull = nil
            return nil
        }
        return value
    }

    func clear() { pull = nil }
}

/// What may come to hold itself, and is emptied when a rendering ends.
protocol JinjaClearable: AnyObject {
    func clear()
}

/// Something that is equal to itself alone.
protocol JinjaObject: JinjaClearable {
    var typeName: String { get }
    /// Nil where there is no such attribute.
    func attribute(_ name: String) throws -> JinjaValue?
}
