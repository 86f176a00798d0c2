import Foundation
public import OrderedJSON
import Testing

@testable import Checkpoints

/// A file that `tools/fixtures/checkpoints.py` wrote: whole configurations, and edits of one key with the outcome.
struct ConfigFixture<Expected: Decodable>: Decodable {
    struct Case: Decodable {
        var base: String
        var edit: String
        var path: String
        var value: JSONValue?
        /// `nil` where the configuration must be refused.
        var expected: Expected?
    }

    var schema: Int
    var versions: [String: String]
    var bases: [String: JSONValue]
    var cases: [Case]

    init(named name: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: try fixtureURL(name)))
        try #require(schema == 1)
        try #require(versions["transformers"] == "4.57.6")
    }

    /// The configuration of a case, after its edit.
    func object(of item: Case, file: String) throws -> ConfigObject {
        let base = try #require(bases[item.base])
        let path = item.path.split(separator: ".").map(String.init)
        let edited: JSONValue =
            switch item.edit {
            case "none": base
            case "remove": try base.replacing(path[...], with: nil)
            default: try base.replacing(path[...], with: item.value ?? .null)
            }
        guard case .object(let values) = edited else { throw FixtureError.notAnObject }
        return ConfigObject(values, file: file)
    }
}

enum FixtureError: Error { case notAnObject, unexpectedType }

func fixtureURL(_ name: String) throws -> URL {
    try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
}

/// Fixtures are read by Foundation, whose decoder takes them apart.
extension JSONValue: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let values = try? container.decode([String: JSONValue].self) {
            var object = JSONObject()
            for (key, value) in values { object.append(key, value) }
            self = .object(object)
        } else {
            self = .array(try container.decode([JSONValue].self))
        }
    }
}

extension JSONValue {
    /// The value with one key changed, or taken away if `value` is `nil`.
    func replacing(_ path: ArraySlice<String>, with value: JSONValue?) throws -> JSONValue {
        guard let key = path.first else { return value ?? .null }
        guard case .object(var values) = self else { throw FixtureError.notAnObject }
        if path.count == 1 {
            values[key] = value
        } else {
            values[key] = try (values[key] ?? .object([:])).replacing(path.dropFirst(), with: value)
        }
        return .object(values)
    }
}
