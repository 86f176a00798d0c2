import Failures
import Foundation
import OrderedJSON
import Testing

/// RFC 8259, and where this reader is stricter.
@Suite struct GrammarTests {
    private func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    @Test(arguments: [
        ("null", JSONValue.null), (" true ", .bool(true)), ("\tfalse\r\n", .bool(false)), ("0", .integer(0)),
        ("-12", .integer(-12)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ("1000000000000000019884624838656", .number(1e30)), ("1.0", .number(1)), ("1e2", .number(100)),
        ("1E+2", .number(100)), ("-0.5e-1", .number(-0.05)), ("1e-400", .number(0)),
        ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
        ("\"\"", .string("")), ("[]", .array([])), ("{}", .object([:])),
        ("[ 1 , [ ] ]", .array([.integer(1), .array([])])),
        ("{\"\":{\"a\":null}}", .object(["": .object(["a": .null])])),
    ])
    func valuesAreRead(text: String, value: JSONValue) throws {
        #expect(try read(text) == value)
    }

    @Test func minusZeroKeepsItsSign() throws {
        for text in ["-0", "-0.0", "-0e5"] {
            guard case .number(let value) = try read(text) else {
                Issue.record("\(text) is no double")
                continue
            }
            #expect(value == 0 && value.sign == .minus, "\(text)")
        }
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""\ud83d\uDE00""#, "😀"), (#""\udbff\udfff""#, "\u{10FFFF}"), (#""\u0000""#, "\0"),
        ("\"é😀\u{2028}\u{7F}\"", "é😀\u{2028}\u{7F}"),
    ])
    func textsAreUnescaped(text: String, value: String) throws {
        guard case .string(let read) = try read(text) else {
            Issue.record("no text")
            return
        }
        #expect(Array(read.utf8) == Array(value.utf8))
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "00", "1.", ".5", "1e", "1e+",
        "0x10", "1e400",
        "-1e400", "1 2", "[1,]", "[,1]", "[1 2]", "[", "]", "[1", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{a:1}", "{1:1}",
        "{\"a\":1 \"b\":2}", "{\"a\":1}}", "'a'", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud800\"",
        "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "\"a\nb\"", "\"\u{1}\"", "\u{FEFF}1", "1\u{A0}", "/**/1",
        "\0", "1\0",
    ])
    func otherTextsAreErrors(text: String) {
        #expect(throws: JSONError.self) { try read(text) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0xFE, 0xFF, 0x00, 0x31], [0x31, 0x80],
        ] as [[UInt8]])
    func bytesThatAreNoUTF8AreErrors(bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        #expect(error?.reason == .notUTF8)
        #expect(error?.offset == bytes.firstIndex { $0 >= 0x80 })
    }

    @Test func orderIsKeptAndKeysAreTheirBytes() throws {
        // "é" as one scalar and as two.
        let value = try read(#"{"z": 1, "a": 2, "\u00e9": 3, "e\u0301": 4}"#)
        guard case .object(let object) = value else {
            Issue.record("no object")
            return
        }
        #expect(object.keys.map { Array($0.utf8) } == ["z", "a", "\u{E9}", "e\u{301}"].map { Array($0.utf8) })
        #expect(object["\u{E9}"] == .integer(3) && object["e\u{301}"] == .integer(4))
    }

    @Test(arguments: [0, 7, 8, 9, 300])
    func keysGivenTwiceAreErrors(others: Int) throws {
        let keys = (0..<others).map { "\"k\($0)\":0," }.joined()
        #expect(try read("{\(keys)\"a\":1}") != .null)
        let error = #expect(throws: JSONError.self) { try read("{\"a\":0,\(keys)\"\\u0061\":1}") }
        #expect(error?.reason == .duplicateKey("a"))
        // In different objects they are two keys.
        #expect(try read("{\"a\":{\"a\":1}}") == .object(["a": .object(["a": .integer(1)])]))
    }

    @Test func errorsNameThePlace() {
        let error = #expect(throws: JSONError.self) { try read("{\n  \"a\": 1,\n  \"b\": x\n}") }
        #expect(error?.line == 3 && error?.column == 8 && error?.offset == 19)
        #expect(error?.problem.contains("line 3, column 8") == true)
        #expect(error?.kind == .damagedFile)
    }
}
