import Foundation
import HiRED
import Synchronization
import Testing

@testable import Evaluation

/// Asking a server: what is sent, what is understood, and what is said where it cannot be.
@Suite struct ServedModelTests {
    /// Answers each connection with the next of some texts, and keeps what was asked.
    private final class Server: Sendable {
        let address: String
        private let asked = Mutex<[String]>([])
        var requests: [String] { asked.withLock { $0 } }

        init(_ answers: [String]) throws {
            #if canImport(Darwin)
                let descriptor = socket(AF_INET, SOCK_STREAM, 0)
            #else
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #endif
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port = try withUnsafeMutablePointer(to: &place) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    try #require(bind(descriptor, address, length) == 0 && listen(descriptor, 8) == 0)
                    try #require(getsockname(descriptor, address, &length) == 0)
                }
                return UInt16(bigEndian: pointer.pointee.sin_port)
            }
            address = "http://127.0.0.1:\(port)/v1/"
            Thread.detachNewThread { [self] in
                for answer in answers {
                    let connection = accept(descriptor, nil, nil)
                    asked.withLock { $0.append(Self.request(connection)) }
                    _ = Array(answer.utf8).withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
                    close(connection)
                }
                close(descriptor)
            }
        }

        /// Up to the length that the head states.
        private static func request(_ connection: Int32) -> String {
            var (all, buffer) = ("", [UInt8](repeating: 0, count: 1 << 16))
            while true {
                let count = read(connection, &buffer, buffer.count)
                guard count > 0 else { return all }
                all += String(decoding: buffer[..<count], as: UTF8.self)
                guard let end = all.range(of: "\r\n\r\n"), let mark = all.range(of: "Content-Length: "),
                    let length = Int(all[mark.upperBound...].prefix { $0.isNumber })
                else { continue }
                if all[end.upperBound...].utf8.count >= length { return all }
            }
        }
    }

    private func response(_ body: String, _ status: String = "200 OK", _ more: String = "") -> String {
        "HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
    }

    private let models = #"{"object":"list","data":[{"id":"demo"},{"id":"other"}]}"#
    private let reply = #"""
        {"choices":[{"index":0,"message":{"role":"assistant","content":"Grün"}}],
        "usage":{"prompt_tokens":9,"image_tokens":{"full":594,"kept":86,"budget":86}},"timings":{"ttft_ms":12.5}}
        """#

    private func question(_ change: (inout SelectionOptions) throws -> Void = { _ in }) throws -> EvaluationQuestion {
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/datasets")
        let data = try EvaluationData(.chartqa, in: folder)
        var options = SelectionOptions()
        options.budget = try TokenBudget(parsing: "20%")
        try change(&options)
        return EvaluationQuestion(
            prompt: "What?", picture: data.picture(data.samples[0]), options: options, maximumTokens: 16)
    }

    @Test func questionsAreAskedAndAskedAgain() async throws {
        let chunks =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + reply.split(separator: "\n", omittingEmptySubsequences: false).map {
                String($0.utf8.count + 1, radix: 16) + ";x\r\n\($0)\n\r\n"
            }.joined() + "0\r\n\r\n"
        let server = try Server([
            response(models), response("{}", "429 Too Many Requests", "Retry-After: 0\r\n"), response(reply), chunks,
        ])
        let model = try await ServedModel(server.address, name: nil, key: "secret")
        #expect(model.name == "demo")
        let answer = try await model.answer(try question())
        #expect(answer.text == "Grün")
        #expect((answer.fullTokens, answer.keptTokens, answer.ttft) == (594, 86, 12.5))
        #expect(try await model.answer(try question { ($0.strategy, $0.budget) = (.prumerge, .full) }).text == "Grün")
        let requests = server.requests
        #expect(requests[0].hasPrefix("GET /v1/models HTTP/1.1\r\n"))
        #expect(requests.allSatisfy { $0.contains("Authorization: Bearer secret\r\n") })
        #expect(requests[1] == requests[2] && requests[2].hasPrefix("POST /v1/chat/completions "))
        for part in [
            #""model":"demo""#, #""max_tokens":16"#, #""temperature":0"#, #""url":"data:image/png;base64,iVBOR"#,
            #""text":"What?""#, #""visual_tokens":{"budget":"20%","strategy":"hired"}"#,
        ] { #expect(requests[2].contains(part), "\(part)") }
        #expect(requests[3].contains(#""visual_tokens":{"strategy":"prumerge"}"#))
    }

    @Test func whatCannotBeUsedIsSaid() async throws {
        let server = try Server([
            response(#"{"error":{"message":"budget is odd"}}"#, "400 Bad Request"), response("[]"),
            response(#"{"choices":[{"message":{"content":"x"}}],"usage":{}}"#), "nonsense", response("{", "200 OK"),
        ])
        let model = try await ServedModel(server.address, name: "x", key: nil)
        for word in ["budget is odd", "without a message", "image tokens", "broke off", "without a message"] {
            let error = await #expect(throws: EvaluationError.self) { try await model.answer(try question()) }
            #expect(error.map { "\($0)" }?.contains(word) == true, "\(word): \(String(describing: error))")
        }
        // Nobody listens any more.
        await #expect(throws: EvaluationError.self) { try await model.answer(try question()) }
        await #expect(throws: EvaluationError.self) { try await model.answer(try question { $0.head = 1 }) }
        for address in ["https://127.0.0.1", "127.0.0.1:8000", "http://", "http://x?y=1", ""] {
            #expect(throws: EvaluationError.self) { try HTTPExchange(address) }
        }
        #expect(try HTTPExchange("http://[::1]:81/a/v1").prefix == "/a")
    }
}
