import Foundation
import HTTPTypes
import HiREDInference
import HummingbirdTesting
import OrderedJSON
import Synchronization
import Testing

@testable import Serving

/// A language model elsewhere that says the same to every prompt, a token at a time where it is told what, or fails.
private final class FakeRemote: RemoteLanguageModel {
    private struct State {
        var unavailability: RemoteLanguageError?
        var failure: RemoteLanguageError?
        var words: [Int32] = []
    }

    let context = 4096
    let concurrency = 8
    let identity = "fake"
    private let state = Mutex(State())

    var unavailability: RemoteLanguageError? { state.withLock { $0.unavailability } }
    var statistics: [UpstreamStatistics] {
        [UpstreamStatistics(url: "http://fake/v1", isAvailable: unavailability == nil, requests: 3, failures: 1)]
    }

    func set(unavailability: RemoteLanguageError? = nil, failure: RemoteLanguageError? = nil) {
        state.withLock { ($0.unavailability, $0.failure) = (unavailability, failure) }
    }

    func say(_ words: [Int32]) { state.withLock { $0.words = words } }

    func answer(_ prompt: RemotePrompt, receive: @escaping @Sendable (RemoteEvent) -> Void) async throws {
        receive(.sent)
        let words = state.withLock { $0.words }
        guard words.isEmpty else {
            for word in words { receive(.tokens(answer: 0, [RemoteEvent.Token(id: word)], end: nil)) }
            // The token that ends an answer is none of its text.
            return receive(.tokens(answer: 0, [RemoteEvent.Token(id: 2)], end: .stop))
        }
        let failure = state.withLock { $0.failure }
        let tokens = (0..<prompt.maximumTokens).map { RemoteEvent.Token(id: 40 + Int32($0 % 8)) }
        receive(.tokens(answer: 0, [tokens[0]], end: tokens.count == 1 && failure == nil ? .length : nil))
        if let failure { throw failure }
        if tokens.count > 1 { receive(.tokens(answer: 0, Array(tokens.dropFirst()), end: .length)) }
    }
}

@Suite struct LanguageModelElsewhereTests {
    private func serve(
        _ body: @escaping @Sendable (any TestClientProtocol, FakeRemote) async throws -> Void
    ) async throws {
        let remote = FakeRemote()
        var options = VisionLanguageModel.Options()
        options.remote = remote
        options.costModels = CostModelStore(folder: nil)
        let served = ServedModel()
        try await served.serve(try VisionLanguageModel(contentsOf: ServingFixture.demo, options: options))
        let routes = Routes(
            served, options: ServingFixture.options { $0.answerTokens = 4 }, logger: ServingFixture.logger)
        try await routes.application().test(.router) { try await body($0, remote) }
    }

    @Test func whatIsSaidElsewhereIsAnswered() async throws {
        try await serve { client, _ in
            let outcome = try await client.post(ServingFixture.chat())
            #expect(outcome.status == 200)
            #expect(outcome["choices", 0, "finish_reason"]?.text == "length")
            #expect(outcome["usage", "completion_tokens"]?.integer == 4)
            #expect(outcome["usage", "image_tokens", "full"]?.integer ?? 0 > 500)
            #expect(outcome["timings", "upload_ms"] != nil)
            let metrics = try await client.get("/metrics").text
            #expect(metrics.contains("hired_upstream_available{url=\"http://fake/v1\"} 1"))
            #expect(metrics.contains("hired_upstream_failures_total{url=\"http://fake/v1\"} 1"))
            let penalty = try await client.post(ServingFixture.chat(["repetition_penalty": .number(1.2)]))
            #expect(penalty.status == 400)
            #expect(penalty.error.param == "repetition_penalty")
        }
    }

    @Test func aServerOutOfReachIsToldAtOnceAndComesBack() async throws {
        try await serve { client, remote in
            #expect(try await client.get("/health/ready").status == 200)
            remote.set(unavailability: .unavailable("http://fake/v1: no connection"))
            let health = try await client.get("/health/ready")
            #expect(health.status == 503 && health["status"]?.text == "unavailable")
            let refused = try await client.post(ServingFixture.chat())
            #expect(refused.status == 503)
            #expect(refused.headers[.retryAfter] != nil)
            #expect(refused.error.code == "language_model_unavailable")
            #expect(refused.error.message.contains("no connection"))
            #expect(try await client.get("/health/live").status == 200)
            remote.set()
            #expect(try await client.get("/health/ready").status == 200)
            #expect(try await client.post(ServingFixture.chat()).status == 200)
        }
    }

    /// Its own message reaches whoever asked.
    @Test func aFailureElsewhereIsTold() async throws {
        try await serve { client, remote in
            remote.set(failure: .interrupted(url: "http://fake/v1", reason: "EngineCore died"))
            let whole = try await client.post(ServingFixture.chat())
            #expect(whole.status == 502)
            #expect(whole.error.code == "language_model_failed" && whole.error.message.contains("EngineCore died"))
            let streamed = try await client.post(ServingFixture.chat(["stream": .bool(true)]))
            #expect(streamed.status == 200)
            #expect(
                streamed.text.contains("EngineCore died") && !streamed.text.contains("\"finish_reason\":\"length\""))
            #expect(streamed.events.last?.data == "[DONE]")
            remote.set(failure: .timedOut(url: "http://fake/v1", what: "token", seconds: 120))
            #expect(try await client.post(ServingFixture.chat()).status == 504)
            let document = try await client.get("/openapi.json")
            for status in ["502", "503", "504"] {
                let told = document["paths", "/v1/chat/completions", "post", "responses", status]
                #expect(told != nil, "\(status) is not described")
            }
        }
    }

    /// Characters of several tokens are held back until they are whole; what never becomes one is told as such.
    @Test(arguments: ["é🙂!", "a\u{20AC}"])
    func charactersAreSentWhole(_ text: String) async throws {
        try await serve { client, remote in
            // The model's tokens of single bytes begin at 3; after the text comes a token with letters of its own.
            let tokens = text.utf8.map { Int32($0) + 3 }
            let letters = (id: Int32(340), text: " the")
            let body = try ServingFixture.chat(["stream": .bool(true), "max_tokens": 32])
            @Sendable func pieces(_ outcome: Outcome) throws -> [String] {
                let texts = try outcome.chunks().map { $0["choices", 0, "delta", "content"]?.text ?? "" }
                return texts.filter { !$0.isEmpty }
            }
            remote.say(tokens + [letters.id])
            let sent = try await pieces(client.post(body))
            #expect(sent.joined() == text + letters.text)
            #expect(sent.count > 1 && !sent.contains { $0.contains("\u{FFFD}") })
            // The start of one that never comes.
            let half: [Int32] = [0xF0 + 3, 0x9F + 3]
            remote.say(tokens + half)
            let cut = try await client.post(body)
            let rest = try pieces(cut).joined().dropFirst(text.count)
            #expect(!rest.isEmpty && rest.allSatisfy { $0 == "\u{FFFD}" })
            let reason = try cut.chunks().last?["choices", 0, "finish_reason"]?.text
            #expect(reason == "stop")
        }
    }
}
