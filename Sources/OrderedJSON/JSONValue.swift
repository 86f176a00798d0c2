import Failures

/// Any JSON value, with `null` kept apart from an absent key.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// Written without fraction and exponent, and exact.
    case integer(Int)
    /// Any other number, and `-0`.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Reads a whole text.
    ///
    /// - Throws: ``JSONError``.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
        var reader = try JSONReader(bytes, limits: limits)
        self = try reader.value()
        try reader.end()
    }

    /// What the value is, for error messages.
    public var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): FailureText.quoted(value)
        case .array(let values): "a list of \(values.count)"
        case .object: "an object"
        }
    }
}

/// An object's keys and values in the order of the text. Keys are the same only if their bytes are.
public struct JSONObject: Sendable {
    public private(set) var keys: [String] = []
    public private(set) var values: [JSONValue] = []
    /// Places of the keys; kept only where searching all of them would take longer.
    private var places: [ByteExactString: Int] = [:]
    private static let searchLimit = 8

    public init() {}

    public var isEmpty: Bool { keys.isEmpty }
    public var count: Int { keys.count }

    /// - Returns: false, and nothing is changed, if the key is there already.
    @discardableResult
    public mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        guard place(of: key) == nil else { return false }
        keys.append(key)
        values.append(value)
        if keys.count > Self.searchLimit {
            for place in places.count..<keys.count { places[ByteExactString(keys[place])] = place }
        }
        return true
    }

    /// A value set to nil is removed; a new key goes to the end.
    ///
    /// - Complexity: O(1) on average to read; to remove, O(n).
    public subscript(key: String) -> JSONValue? {
        get { place(of: key).map { values[$0] } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): values[place] = value
            case (nil, let value?): append(key, value)
            case (let place?, nil):
                keys.remove(at: place)
                values.remove(at: place)
                places = [:]
                if keys.count > Self.searchLimit {
                    for place in keys.indices { places[ByteExactString(keys[place])] = place }
                }
            case (nil, nil): break
            }
        }
    }

    private func place(of key: String) -> Int? {
        let key = ByteExactString(key)
        if keys.count > Self.searchLimit { return places[key] }
        return keys.firstIndex { ByteExactString($0) == key }
    }
}

/// In the order of the text.
extension JSONObject: Sequence {
    public func makeIterator() -> Zip2Sequence<[String], [JSONValue]>.Iterator { zip(keys, values).makeIterator() }
}

/// The order of keys does not count.
extension JSONObject: Equatable {
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0] == $1 }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Of keys given twice the first counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { append(key, value) }
    }
}
