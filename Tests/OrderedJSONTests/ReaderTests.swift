import OrderedJSON
import Testing

/// Part by part, and into types.
@Suite struct ReaderTests {
    private func reader(_ text: String) throws -> JSONReader { try JSONReader(Array(text.utf8)) }

    @Test func partsAreReadInOrder() throws {
        var reader = try reader(#" {"list": [1, -2], "text": "x", "rest": {"a": [true]}} "#)
        var (list, text, rest): ([Int], String?, JSONValue?) = ([], nil, nil)
        try reader.object { (reader, key) throws(JSONError) in
            switch key {
            case "list": try reader.array { (reader) throws(JSONError) in list.append(try reader.integer()) }
            case "text": text = try reader.string()
            default: rest = try reader.value()
            }
        }
        try reader.end()
        #expect(list == [1, -2] && text == "x" && rest == .object(["a": .array([.bool(true)])]))
    }

    @Test func whatIsNotNeededHereIsAnError() throws {
        for text in ["1.5", "\"1\"", "9223372036854775808", "-0", "null", "x", ""] {
            #expect(throws: JSONError.self, "\(text)") {
                var reader = try reader(text)
                _ = try reader.integer()
            }
        }
        let error = #expect(throws: JSONError.self) {
            var reader = try reader("[true]")
            try reader.array { (reader) throws(JSONError) in _ = try reader.string() }
        }
        #expect(error?.offset == 1)
        #expect(error?.reason == .mismatch("a text is needed"))
    }

    /// A caller that reads none or two values gets an error, whatever the text.
    @Test func aValueNotReadIsAnError() throws {
        var first = try reader("[1]")
        #expect(throws: JSONError.self) { try first.array { (_) throws(JSONError) in } }
        var second = try reader("[1,2]")
        #expect(throws: JSONError.self) {
            try second.array { (reader) throws(JSONError) in
                _ = try reader.integer()
                _ = try reader.integer()
            }
        }
    }

    private struct Shape: Decodable, Equatable {
        struct Side: Decodable, Equatable { var length: Double }
        enum Kind: String, Decodable { case open, closed }
        var name: String
        var kind: Kind
        var count: Int
        var small: UInt8?
        var sides: [Side]
        var colours: [String: Bool]
    }

    @Test func typesAreDecoded() throws {
        let text = #"""
            {"name": "s", "kind": "open", "count": 3, "small": null, "sides": [{"length": 1}, {"length": 0.5}],
             "colours": {"red": true}, "unknown": [1]}
            """#
        let shape = try JSONValue(parsing: Array(text.utf8)).decoded(as: Shape.self)
        #expect(shape.sides == [.init(length: 1), .init(length: 0.5)])
        #expect(shape.kind == .open && shape.count == 3 && shape.small == nil && shape.colours == ["red": true])
    }

    @Test(arguments: [
        ("\"count\": 3", "\"count\": 3.0", "\"count\" has the wrong type"),
        ("\"count\": 3", "\"x\": 3", "lacks the key \"count\""),
        ("\"count\": 3", "\"count\": null", "\"count\" is null"),
        ("\"count\": 3", "\"count\": 3, \"small\": 256", "\"small\" has the wrong type"),
        ("{\"length\": 1}", "{\"length\": \"1\"}", "\"sides\" → \"[0]\" → \"length\" has the wrong type"),
        ("\"open\"", "\"ajar\"", "\"kind\" is not valid"), ("[{\"length\": 1}]", "{}", "\"sides\" has the wrong type"),
    ])
    func wrongShapesSayWhere(part: String, other: String, says: String) throws {
        let text = #"{"name": "s", "kind": "open", "count": 3, "sides": [{"length": 1}], "colours": {}}"#
        let changed = try #require(text.contains(part) ? text.replacing(part, with: other) : nil)
        let value = try JSONValue(parsing: Array(changed.utf8))
        let error = #expect(throws: DecodingError.self) { try value.decoded(as: Shape.self) }
        let problem = JSONError.problem(of: try #require(error))
        #expect(problem.contains(says), "\(problem)")
    }

    @Test func objectsAreEditedByKey() {
        var object = JSONObject()
        for number in 0..<20 { object["k\(number)"] = .integer(number) }
        object["k3"] = .null
        object["k0"] = nil
        object["absent"] = nil
        #expect(object.count == 19 && object.keys.first == "k1" && object["k0"] == nil)
        #expect(object["k3"] == .null && object["k19"] == .integer(19))
        #expect(!object.append("k5", .null) && object["k5"] == .integer(5))
        var reversed = JSONObject()
        for (key, value) in Array(object).reversed() { reversed.append(key, value) }
        #expect(reversed == object)
        reversed["k5"] = .bool(true)
        #expect(reversed != object)
    }
}
