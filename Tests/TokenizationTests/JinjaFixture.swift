import Foundation
import OrderedJSON
import Testing

@testable import Tokenization

/// What Jinja gives as Transformers sets it up (tools/fixtures/jinja_templates.py).
struct JinjaFixture: Decodable {
    struct Case: Decodable {
        var group: String
        var source: String
        /// Nil where Jinja fails.
        var output: String?
        var error: String?
        /// What the template itself raised.
        var message: String?
    }
    struct Refused: Decodable {
        var source: String
        var names: String
    }

    var cases: [Case]
    var refused: [Refused]
    var now: [Int]

    static func load() throws -> (fixture: JinjaFixture, context: [String: JinjaValue]) {
        let data = try Data(contentsOf: TokenizationFixture.url("jinja"))
        let fixture = try JSONDecoder().decode(JinjaFixture.self, from: data)
        guard case .object(let file) = try JSONValue(parsing: Array(data)), case .object(let values)? = file["context"]
        else {
            throw CocoaError(.fileReadCorruptFile)
        }
        var context: [String: JinjaValue] = ["tools": .none, "documents": .none]
        for (key, value) in values { context[key] = try JinjaValue(value) }
        return (fixture, context)
    }

    /// The time at which it was made, wherever the test runs.
    var date: Date {
        var parts = tm()
        parts.tm_year = Int32(now[0] - 1900)
        parts.tm_mon = Int32(now[1] - 1)
        parts.tm_mday = Int32(now[2])
        parts.tm_hour = Int32(now[3])
        parts.tm_min = Int32(now[4])
        parts.tm_sec = Int32(now[5])
        parts.tm_isdst = -1
        return Date(timeIntervalSince1970: Double(mktime(&parts)))
    }
}

extension JinjaValue {
    init(_ json: JSONValue) throws {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .int(Int(value))
        case .number(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .list(try values.map { try JinjaValue($0) })
        case .object(let entries): self = .dictionary(try entries.map { ($0.0, try JinjaValue($0.1)) })
        }
    }
}
