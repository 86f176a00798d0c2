import Failures
import Foundation
import OrderedJSON
import Testing

@Suite struct LimitTests {
    private func read(_ text: String, _ limits: JSONLimits) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8), limits: limits)
    }

    @Test func bytesAreBounded() throws {
        let limits = JSONLimits(bytes: 5)
        #expect(try read("[1,2]", limits) == .array([.integer(1), .integer(2)]))
        let error = #expect(throws: JSONError.self) { try read("[1,2] ", limits) }
        #expect(error?.reason == .tooManyBytes(6, limit: 5))
        #expect(error?.kind == .tooLarge)
    }

    @Test(arguments: ["[", "{\"a\":"]) func depthIsBounded(opening: String) throws {
        let closing = opening == "[" ? "]" : "}"
        func nested(_ depth: Int) -> String {
            String(repeating: opening, count: depth) + (opening == "[" ? "" : "1")
                + String(repeating: closing, count: depth)
        }
        #expect(throws: Never.self) { try read(nested(64), .standard) }
        let error = #expect(throws: JSONError.self) { try read(nested(65), .standard) }
        #expect(error?.reason == .tooDeep(limit: 64))
        // No stack is used up before the bound is met.
        #expect(throws: JSONError.self) { try read(String(repeating: opening, count: 1_000_000), .standard) }
    }

    @Test func valuesAreBounded() throws {
        let limits = JSONLimits(values: 4)
        #expect(throws: Never.self) { try read("[1,{\"a\":\"b\"}]", limits) }
        for text in ["[1,2,3,4]", "[[],[],[],[]]", "[null,true,\"\",{}]"] {
            let error = #expect(throws: JSONError.self) { try read(text, limits) }
            #expect(error?.reason == .tooManyValues(limit: 4), "\(text)")
        }
    }
}
