import Foundation
import HTTPTypes
import HiREDInference
import Hummingbird
import HummingbirdTesting
import OrderedJSON
import Synchronization
import Testing

@testable import Serving

/// Clients that go, drip, babble or wait, over real connections.
@Suite struct ConnectionTests {
    private static func head(_ length: Int, path: String = "/v1/chat/completions", more: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(length)\r\n\(more)\r\n"
    }

    /// A request whose answer takes long.
    private static func long(streams: Bool) throws -> [UInt8] {
        let body = JSONAnswer.bytes(
            try ServingFixture.chat([
                "stream": .bool(streams), "max_tokens": 700, "n": 8, "temperature": 2, "logprobs": .bool(true),
            ]))
        return Array(head(body.count).utf8) + body
    }

    private static func whenRunning(_ model: VisionLanguageModel) async throws {
        for _ in 0..<2000 {
            if model.statistics().usedBlocks > 0 { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("the request never ran")
    }

    @Test(arguments: [true, false])
    func aClientThatGoesFreesItsBlocks(_ streams: Bool) async throws {
        let model = try await ServingFixture.model()
        try await ServingFixture.serve(.live) { client in
            let port = try #require(client.port)
            let before = model.statistics().ended["cancelled"] ?? 0
            let connection = try RawConnection(port: port)
            connection.send(try Self.long(streams: streams))
            try await Self.whenRunning(model)
            connection.end()
            try await ServingFixture.expectNothingHeld()
            #expect(model.statistics().ended["cancelled"] ?? 0 == before + 1)
        }
    }

    /// Who asks for more than any buffer holds and takes nothing of it.
    @Test func whoReadsNothingIsSentAway() async throws {
        try await ServingFixture.serve(.live) {
            $0.timeouts.stalledWrite = 0.2
        } _: { client in
            let connection = try RawConnection(port: try #require(client.port))
            let count = 600
            connection.send(String(repeating: "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n", count: count))
            try await Task.sleep(for: .seconds(1))
            let (text, isClosed) = await connection.receive()
            #expect(isClosed)
            #expect(text.utf8.count < count * 30_000)
        }
    }

    /// Streamed or not; a stream tells meanwhile that it is alive, and begins with nothing but the role.
    @Test(arguments: [true, false])
    func aClientThatGoesIsTakenOutOfTheQueue(_ streams: Bool) async throws {
        var options = VisionLanguageModel.Options()
        options.engine.maximumSequences = 1
        let model = try VisionLanguageModel(contentsOf: ServingFixture.demo, options: options)
        let served = ServedModel()
        try await served.serve(model)
        var request = GenerationRequest(
            .raw("Tell a story."), images: [], selection: SelectionOptions(), maximumTokens: 2000)
        request.ignoresEndOfSequence = true
        let running = model.generate(request)
        let routes = Routes(
            served, options: ServingFixture.options { $0.timeouts.ping = 0.02 }, logger: ServingFixture.logger)
        try await routes.application().test(.live) { client in
            try await Self.whenRunning(model)
            let connection = try RawConnection(port: try #require(client.port))
            connection.send(try Self.waiting(streams: streams))
            for _ in 0..<2000 where model.statistics().waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(model.statistics().waiting == 1)
            if streams {
                let (text, isClosed) = await connection.receive { $0.contains(": ping") }
                #expect(text.hasPrefix("HTTP/1.1 200") && text.contains(": ping") && !isClosed)
                #expect(!text.contains("\"finish_reason\":\""))
                #expect(model.statistics().waiting == 1)
            }
            connection.end()
            for _ in 0..<2000 where model.statistics().waiting > 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(model.statistics().waiting == 0)
            #expect(model.statistics().running == 1)
        }
        running.cancel()
    }

    /// With nothing computed before it waits.
    private static func waiting(streams: Bool) throws -> [UInt8] {
        let body = JSONAnswer.bytes(try ServingFixture.chat(["stream": .bool(streams), "max_tokens": 4]))
        return Array(head(body.count).utf8) + body
    }

    /// While its answer is drawn.
    @Test func aClientThatGoesInTheMiddleEndsItsAnswer() async throws {
        let model = try await ServingFixture.model()
        try await ServingFixture.serve(.live) { client in
            let before = model.statistics().ended["cancelled"] ?? 0
            let connection = try RawConnection(port: try #require(client.port))
            connection.send(try Self.long(streams: true))
            let (text, isClosed) = await connection.receive { $0.contains("\"logprob\"") }
            #expect(text.contains("\"logprob\"") && !isClosed)
            connection.end()
            try await ServingFixture.expectNothingHeld()
            #expect(model.statistics().ended["cancelled"] ?? 0 == before + 1)
        }
    }

    @Test func oneConnectionAsksTwice() async throws {
        try await ServingFixture.serve(.live) { client in
            let connection = try RawConnection(port: try #require(client.port))
            for _ in 0..<2 {
                let body = JSONAnswer.bytes(try ServingFixture.chat(["max_tokens": 1]))
                connection.send(Array(Self.head(body.count).utf8) + body)
                let (text, isClosed) = await connection.receive { $0.contains("\"usage\"") && $0.hasSuffix("}") }
                #expect(text.hasPrefix("HTTP/1.1 200"))
                #expect(!isClosed)
            }
        }
    }

    @Test func whoNeverAsksIsSentAway() async throws {
        try await ServingFixture.serve(.live) {
            $0.timeouts.header = 0.2
        } _: { client in
            let port = try #require(client.port)
            for start in ["", "POST /v1/chat/comp", "GET / HTTP/1.1\r\nX: "] {
                let connection = try RawConnection(port: port)
                connection.send(start)
                #expect(await connection.receive().isClosed)
            }
            let other = try RawConnection(port: port)
            other.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await other.receive { $0.hasSuffix("}") }.text.hasPrefix("HTTP/1.1 200"))
        }
    }

    /// However steadily a body drips.
    @Test func whoDripsIsToldSo() async throws {
        try await ServingFixture.serve(.live) {
            $0.timeouts.body = 0.3
        } _: { client in
            let connection = try RawConnection(port: try #require(client.port))
            connection.send(Self.head(1000))
            let dripping = Task {
                for _ in 0..<60 {
                    connection.send(" ")
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let (text, isClosed) = await connection.receive()
            dripping.cancel()
            #expect(text.hasPrefix("HTTP/1.1 408"))
            #expect(text.contains("request_timeout"))
            #expect(isClosed)
        }
    }

    @Test func whoRestsTooLongIsSentAway() async throws {
        try await ServingFixture.serve(.live) {
            $0.timeouts.idle = 0.2
        } _: { client in
            let connection = try RawConnection(port: try #require(client.port))
            connection.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let (text, isClosed) = await connection.receive()
            #expect(text.hasPrefix("HTTP/1.1 200"))
            #expect(isClosed)
        }
    }

    @Test(arguments: [
        ("\u{16}\u{03}\u{01}garbage\r\n\r\n", "400"), ("GET / HTTP/9.9\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "y", count: 100_000))\r\n\r\n", "431"),
    ])
    func whoBabblesIsToldSo(_ text: String, _ status: String) async throws {
        try await ServingFixture.serve(.live) { client in
            let connection = try RawConnection(port: try #require(client.port))
            connection.send(text)
            let (answer, isClosed) = await connection.receive()
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
            #expect(answer.contains("\"error\""))
            #expect(isClosed)
        }
    }

    @Test func whoAsksFirstMaySend() async throws {
        try await ServingFixture.serve(.live) { client in
            let connection = try RawConnection(port: try #require(client.port))
            let body = JSONAnswer.bytes(try ServingFixture.chat(["max_tokens": 1]))
            connection.send(Self.head(body.count, more: "Expect: 100-continue\r\n"))
            let (first, _) = await connection.receive { $0.hasSuffix("\r\n\r\n") }
            #expect(first.hasPrefix("HTTP/1.1 100"))
            connection.send(body)
            let (second, _) = await connection.receive { $0.contains("\"usage\"") && $0.hasSuffix("}") }
            #expect(second.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func namesRequests() async throws {
        try await ServingFixture.serve { client in
            let own = try await client.get("/health/live", headers: [Reception.idHeader: "my-request.1"])
            #expect(own.headers[Reception.idHeader] == "my-request.1")
            let bad = try await client.get("/health/live", headers: [Reception.idHeader: "no spaces"])
            #expect(bad.headers[Reception.idHeader]?.utf8.count == 32)
        }
    }

    @Test func certificatesAreReadBeforeAnybodyAsks() {
        let place = ListeningPlace(host: "localhost", port: 1, tls: ("/none.pem", "/none.key"))
        let error = #expect(throws: ServingError.self) {
            try place.builder(.init(), options: ServingFixture.options())
        }
        #expect(error?.description.contains("/none.pem") == true)
    }

    /// Clients try either.
    @Test func localhostIsListenedAtTwice() async throws {
        struct Ended: Error {}
        let found = Mutex(0)
        try await ServingFixture.serve(.live) { client in found.withLock { $0 = client.port ?? 0 } }
        // Free again.
        let port = found.withLock { $0 }
        let place = ListeningPlace(host: "localhost", port: port)
        let server = Server(ServingFixture.options(), at: place, logger: ServingFixture.logger)
        await #expect(throws: Ended.self) {
            try await server.run(stop: { exit(1) }) {
                // Once it listens at all of them.
                for address in place.addresses { _ = try RawConnection(port: port, host: address) }
                throw Ended()
            }
        }
        #expect(throws: POSIXError.self) { try RawConnection(port: port) }
    }

    @Test func localhostIsTwoAddresses() {
        #expect(ListeningPlace(host: "localhost", port: 1).addresses.first == "127.0.0.1")
        #expect(ListeningPlace(host: "localhost", port: 1).addresses.dropFirst().allSatisfy { $0 == "::1" })
        #expect(ListeningPlace(host: "::", port: 1).addresses == ["::"])
        #expect(ListeningPlace(host: "::1", port: 8).url("::1", nil) == "http://[::1]:8")
    }
}
