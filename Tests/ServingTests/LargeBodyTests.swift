import Foundation
import HTTPTypes
import HummingbirdTesting
import OrderedJSON
import Testing

@testable import Serving

/// Pictures are large: what is within the limit is read, and beyond it a client is told so while it still sends.
@Suite struct LargeBodyTests {
    private static let megabyte = 1_000_000

    /// Something that nobody reads, before what is read.
    private static func padded(_ bytes: Int) throws -> [UInt8] {
        JSONAnswer.bytes(
            try ServingFixture.chat(["user": .string(String(repeating: "x", count: bytes)), "max_tokens": 1]))
    }

    @Test func fiftyMegabytesAreTakenUnlessToldOtherwise() async throws {
        #expect(ServerOptions(modelName: "demo").limits.bodyBytes == 50 * Self.megabyte)
        let body = try Self.padded(49 * Self.megabyte)
        try await ServingFixture.serve(.live) { client in
            let outcome = try await client.post(bytes: body, type: "application/json")
            #expect(outcome.status == 200, "\(outcome.text.prefix(500))")
        }
    }

    /// A client that sends on before it reads must still get to read the answer; with and without a length told first.
    @Test(arguments: [true, false])
    func moreIsRefusedInJSON(_ tellsLength: Bool) async throws {
        let body = [UInt8](repeating: UInt8(ascii: " "), count: 54 * Self.megabyte)
        try await ServingFixture.serve(.live) { client in
            let connection = try RawConnection(port: try #require(client.port))
            let length = tellsLength ? "Content-Length: \(body.count)" : "Transfer-Encoding: chunked"
            connection.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\(length)\r\n\r\n")
            if tellsLength {
                connection.send(body)
            } else {
                connection.send("\(String(body.count, radix: 16))\r\n")
                connection.send(body)
                connection.send("\r\n0\r\n\r\n")
            }
            let (text, _) = await connection.receive { $0.hasSuffix("}}") }
            #expect(text.hasPrefix("HTTP/1.1 413"), "\(text)")
            #expect(text.contains("\"body_too_large\""))
        }
    }
}
