import Failures
import HTTPTypes
import OrderedJSON

/// An object of a request's body, whose fields are asked for by name and kind. Null counts as absent everywhere.
struct Fields {
    let object: JSONObject
    /// Where it stands in the body: "", or "messages[0]".
    let path: String

    init(_ value: JSONValue, path: String = "") throws(APIError) {
        guard case .object(let object) = value else {
            throw .invalid(
                path.isEmpty ? nil : path, "\(path.isEmpty ? "the body" : path) is \(value.summary); give an object",
                code: "invalid_type")
        }
        self.object = object
        self.path = path
    }

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    subscript(key: String) -> JSONValue? {
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    private func wrong(_ key: String, _ value: JSONValue, _ wanted: String) -> APIError {
        .invalid(name(key), "\(name(key)) is \(value.summary); give \(wanted)", code: "invalid_type")
    }

    func string(_ key: String) throws(APIError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw wrong(key, value, "a text") }
        return text
    }

    func bool(_ key: String) throws(APIError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let flag) = value else { throw wrong(key, value, "true or false") }
        return flag
    }

    func number(_ key: String) throws(APIError) -> Double? {
        guard let value = self[key] else { return nil }
        switch value {
        case .integer(let number): return Double(number)
        case .number(let number): return number
        default: throw wrong(key, value, "a number")
        }
    }

    /// A number from 0 to 1.
    func share(_ key: String) throws(APIError) -> Double? {
        guard let share = try number(key) else { return nil }
        guard (0...1).contains(share) else {
            throw APIError.invalid(name(key), "\(name(key)) is \(share); give a number from 0 to 1")
        }
        return share
    }

    /// A whole number, also written as 1.0. Beyond 2⁵³ a number that is not written whole could be any of several.
    func integer(_ key: String) throws(APIError) -> Int? {
        guard let value = self[key] else { return nil }
        switch value {
        case .integer(let number): return number
        case .number(let number):
            if abs(number) <= 9_007_199_254_740_992, let whole = Int(exactly: number) { return whole }
            throw wrong(key, value, "a whole number")
        default: throw wrong(key, value, "a whole number")
        }
    }

    func list(_ key: String) throws(APIError) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard case .array(let values) = value else { throw wrong(key, value, "a list") }
        return values
    }

    func fields(_ key: String) throws(APIError) -> Fields? {
        guard let value = self[key] else { return nil }
        return try Fields(value, path: name(key))
    }

    /// Refuses fields that are not among these.
    func refuseOthers(than known: [String]) throws(APIError) {
        for key in object.keys where !known.contains(key) {
            throw .invalid(
                name(key), "\(path) has no field \(FailureText.quoted(key)); it has \(known.joined(separator: ", "))",
                code: "unknown_field")
        }
    }
}
