import Foundation

/// A JSON document, with `null` told apart from a missing key.
enum JSONValue: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }
}

/// A JSON object read from a file: every getter names file and key when a value is of the wrong kind.
struct JSONObject: Sendable {
    let path: String
    /// Dotted key of this object within the file, "" for the file itself.
    let prefix: String
    let values: [String: JSONValue]

    /// - Throws: `CheckpointError.missing`, `.unreadable` or `.malformed`.
    init(contentsOf url: URL, remedy: String, limit: Int = 64 << 20) throws(CheckpointError) {
        let path = url.path
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path, remedy: remedy) }
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        guard data.count <= limit else { throw .malformed(path: path, reason: "\(data.count) bytes is too long") }
        try self.init(data, path: path)
    }

    init(_ data: Data, path: String) throws(CheckpointError) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: data), case .object(let values) = value else {
            throw .malformed(path: path, reason: "it is not a JSON object")
        }
        self.init(values, path: path, prefix: "")
    }

    private init(_ values: [String: JSONValue], path: String, prefix: String) {
        self.path = path
        self.prefix = prefix
        self.values = values
    }

    private func wrong(_ key: String, _ expected: String) -> CheckpointError {
        .malformed(path: path, reason: "'\(prefix)\(key)' must be \(expected)")
    }

    /// Nil when the key is missing or null.
    func object(_ key: String) throws(CheckpointError) -> JSONObject? {
        switch values[key] {
        case nil, .null: nil
        case .object(let values): JSONObject(values, path: path, prefix: "\(prefix)\(key).")
        default: throw wrong(key, "an object")
        }
    }

    func string(_ key: String) throws(CheckpointError) -> String? {
        switch values[key] {
        case nil, .null: nil
        case .string(let value): value
        default: throw wrong(key, "a string")
        }
    }

    func bool(_ key: String) throws(CheckpointError) -> Bool? {
        switch values[key] {
        case nil, .null: nil
        case .bool(let value): value
        default: throw wrong(key, "true or false")
        }
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
        switch values[key] {
        case nil, .null: return nil
        case .integer(let value):
            guard range.contains(value) else {
                throw wrong(key, "between \(range.lowerBound) and \(range.upperBound), not \(value)")
            }
            return value
        default: throw wrong(key, "a whole number")
        }
    }

    func number(_ key: String) throws(CheckpointError) -> Double? {
        switch values[key] {
        case nil, .null: return nil
        case .integer(let value): return Double(value)
        case .number(let value):
            guard value.isFinite else { throw wrong(key, "a finite number") }
            return value
        default: throw wrong(key, "a number")
        }
    }

    /// A whole number or a list of them.
    func integers(_ key: String) throws(CheckpointError) -> [Int]? {
        switch values[key] {
        case nil, .null: return nil
        case .integer(let value): return [value]
        case .array(let items):
            var result: [Int] = []
            for item in items {
                guard case .integer(let value) = item else { throw wrong(key, "a whole number or a list of them") }
                result.append(value)
            }
            return result
        default: throw wrong(key, "a whole number or a list of them")
        }
    }

    func numbers(_ key: String) throws(CheckpointError) -> [Double]? {
        guard case .array(let items)? = values[key] else {
            if values[key] == nil || values[key] == .null { return nil }
            throw wrong(key, "a list of numbers")
        }
        var result: [Double] = []
        for item in items {
            switch item {
            case .integer(let value): result.append(Double(value))
            case .number(let value) where value.isFinite: result.append(value)
            default: throw wrong(key, "a list of numbers")
            }
        }
        return result
    }

    /// A list of pairs of positive numbers.
    func pairs(_ key: String) throws(CheckpointError) -> [(Int, Int)]? {
        guard let value = values[key], value != .null else { return nil }
        guard case .array(let items) = value else { throw wrong(key, "a list of pairs") }
        var result: [(Int, Int)] = []
        for item in items {
            guard case .array(let pair) = item, pair.count == 2, case .integer(let first) = pair[0],
                case .integer(let second) = pair[1], (1...65536).contains(first), (1...65536).contains(second)
            else { throw wrong(key, "a list of pairs of sizes from 1 to 65536") }
            result.append((first, second))
        }
        guard !result.isEmpty else { throw wrong(key, "a list with at least one pair") }
        return result
    }

    /// Whether the key is there, even as null.
    func has(_ key: String) -> Bool { values[key] != nil }
}
