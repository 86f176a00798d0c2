import Foundation
import OrderedJSON

/// One JSON object of a configuration file, read key by key with defaults, bounds and errors that name the key.
///
/// Absent keys take the default. `null` counts as given: only the accessors with `null` in their name accept it.
struct ConfigObject: Sendable {
    let file: String
    /// Where the object is in its file, e.g. `text_config.`; empty for the outermost.
    let path: String
    let values: JSONObject

    init(_ values: JSONObject, file: String, path: String = "") {
        self.file = file
        self.path = path
        self.values = values
    }

    /// - Throws: `CheckpointError` when the file is missing or holds no JSON object.
    init(contentsOf url: URL, name: String) throws {
        try self.init(JSONDocument.value(from: url, name: name), name: name)
    }

    /// - Throws: `CheckpointError` when the value is no object.
    init(_ value: JSONValue, name: String) throws {
        guard case .object(let values) = value else { throw CheckpointError.damaged(name, "holds no JSON object") }
        self.init(values, file: name)
    }

    subscript(key: String) -> JSONValue? { values[key] }

    /// Whether a key is given with anything but `null`.
    func has(_ key: String) -> Bool {
        values[key].map { $0 != .null } ?? false
    }

    func isNull(_ key: String) -> Bool { values[key] == .null }

    /// A wrong value, with what would be right.
    func wrong(_ key: String, needed: String) -> CheckpointError {
        CheckpointError(
            .malformed, file: file, problem: "\(path)\(key) is \(values[key]?.summary ?? "absent")",
            remedy: "it must be \(needed)")
    }

    func unsupported(_ key: String, supported: String) -> CheckpointError {
        CheckpointError(
            .unsupported, file: file, problem: "\(path)\(key) is \(values[key]?.summary ?? "absent")",
            remedy: "supported: \(supported)")
    }

    /// A sub-object; `nil` when absent or `null`.
    func object(_ key: String) throws -> ConfigObject? {
        switch values[key] {
        case nil, .null: return nil
        case .object(let inner): return ConfigObject(inner, file: file, path: "\(path)\(key).")
        default: throw wrong(key, needed: "an object")
        }
    }
}

extension ConfigObject {
    /// A whole number within bounds; `1.0` counts, as it does in Python where these files come from.
    func integer(_ key: String, default fallback: Int, in bounds: ClosedRange<Int>) throws -> Int {
        guard let value = values[key] else { return fallback }
        guard let number = Self.integer(value), bounds.contains(number) else {
            throw wrong(key, needed: "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return number
    }

    /// As `integer`, where `null` is a meaning of its own.
    func integerOrNull(_ key: String, default fallback: Int?, in bounds: ClosedRange<Int>) throws -> Int? {
        guard let value = values[key] else { return fallback }
        if value == .null { return nil }
        guard let number = Self.integer(value), bounds.contains(number) else {
            throw wrong(key, needed: "null or a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return number
    }

    /// One id or a list of ids; `null` is none.
    func tokenIDs(_ key: String, default fallback: [Int]) throws -> [Int] {
        let bounds = ConfigLimits.tokenID
        let list: [JSONValue]
        switch values[key] {
        case nil: return fallback
        case .null: return []
        case .array(let ids): list = ids
        case .some(let id): list = [id]
        }
        return try list.map { value in
            guard let id = Self.integer(value), bounds.contains(id) else {
                throw wrong(key, needed: "a token id or a list of token ids")
            }
            return id
        }
    }

    /// A finite number greater than zero, or not less if `allowsZero`.
    func positive(_ key: String, default fallback: Double, allowsZero: Bool = false) throws -> Double {
        guard let value = values[key] else { return fallback }
        guard let number = Self.number(value), number > 0 || (allowsZero && number == 0) else {
            throw wrong(key, needed: allowsZero ? "a number that is not negative" : "a number above zero")
        }
        return number
    }

    func flag(_ key: String, default fallback: Bool) throws -> Bool {
        switch values[key] {
        case nil: return fallback
        case .bool(let value): return value
        default: throw wrong(key, needed: "true or false")
        }
    }

    /// A flag for which Transformers takes absent and `null` both as false.
    func flagOrNull(_ key: String) throws -> Bool {
        isNull(key) ? false : try flag(key, default: false)
    }

    func string(_ key: String, default fallback: String) throws -> String {
        switch values[key] {
        case nil: return fallback
        case .string(let value): return value
        default: throw wrong(key, needed: "a string")
        }
    }

    /// `nil` when absent or `null`.
    func optionalString(_ key: String) throws -> String? {
        has(key) ? try string(key, default: "") : nil
    }

    static func integer(_ value: JSONValue) -> Int? {
        switch value {
        case .integer(let number): number
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .integer(let number): Double(number)
        case .number(let number) where number.isFinite: number
        default: nil
        }
    }
}

/// Far beyond any published model, and small enough that products of a few of them cannot overflow 64 bits.
enum ConfigLimits {
    static let width = 1...(1 << 20)
    static let layers = 1...4096
    static let heads = 1...(1 << 14)
    static let positions = 1...(1 << 30)
    static let vocabulary = 1...(1 << 26)
    static let tokenID = 0...(1 << 26)
    static let pixels = 1...(1 << 14)
}
