import Foundation
import HiREDInference
import OrderedJSON
import Testing

@testable import RemoteLanguage

/// What vLLM 0.32 answered, byte for byte (`tools/vllm/record.py`), serving the demo's language model.
@Suite struct RecordedAnswersTests {
    private struct Recorded: Decodable {
        var status: Int
        var type: String
        var body: String

        var reply: StandIn.Reply {
            var reply = StandIn.Reply.stream(body)
            if !type.contains("event-stream") { reply.pieces = [Array(body.utf8)] }
            (reply.status, reply.type) = (status, type)
            return reply
        }

        func json() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        }
    }

    private static let expected = ExpectedLanguageModel(hiddenSize: 256, vocabularySize: 522)

    private func recorded(_ name: String) throws -> Recorded {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures"))
        return try JSONDecoder().decode(Recorded.self, from: Data(contentsOf: url))
    }

    /// A server that says what vLLM said: to the probes, and one thing to every prompt.
    private func server(answering name: String) async throws -> (StandIn, RemoteLanguageServer) {
        let replies = try ["models", "last-token", "token-beyond", name].map { try recorded($0).reply }
        let standIn = try await StandIn { request in
            guard request.path != "/v1/models" else { return replies[0] }
            guard case .array(let allowed)? = try? request.json()["allowed_token_ids"] else { return replies[3] }
            return allowed == [521] ? replies[1] : replies[2]
        }
        let options = try RemoteLanguageOptions(addresses: standIn.url, rows: .f32)
        return (standIn, try await RemoteLanguageServer.connect(options, expecting: Self.expected))
    }

    private func events(_ server: RemoteLanguageServer, logprobs: Int? = nil, answers: Int = 1) async throws
        -> [RemoteEvent]
    {
        var prompt = RemotePrompt(
            rows: [Float](repeating: 0, count: 9 * 256), width: 256, answerCount: answers, maximumTokens: 6)
        prompt.sampling.logprobs = logprobs
        let (stream, source) = AsyncStream<RemoteEvent>.makeStream()
        try await server.answer(prompt) { source.yield($0) }
        source.finish()
        var events: [RemoteEvent] = []
        for await event in stream { events.append(event) }
        return events
    }

    private func tokens(_ events: [RemoteEvent], answer number: Int = 0) -> [RemoteEvent.Token] {
        events.flatMap { event -> [RemoteEvent.Token] in
            guard case .tokens(let answer, let tokens, _) = event, answer == number else { return [] }
            return tokens
        }
    }

    private func ends(_ events: [RemoteEvent]) -> [RemoteEvent.End] {
        events.compactMap { event in
            guard case .tokens(_, _, let end) = event else { return nil }
            return end
        }
    }

    /// A stream gives the tokens and log probabilities of the same answer in one piece.
    @Test func aStreamIsTheWholeAnswer() async throws {
        let (standIn, server) = try await server(answering: "stream")
        #expect(server.context == 4096)
        #expect(standIn.requests.map(\.path) == ["/v1/models", "/v1/completions", "/v1/completions"])
        let events = try await events(server, logprobs: 2)
        let choice = try #require((try recorded("whole").json()["choices"] as? [[String: Any]])?.first)
        let ids = try #require(choice["token_ids"] as? [Int])
        let logprobs = try #require(choice["logprobs"] as? [String: Any])
        let values = try #require(logprobs["token_logprobs"] as? [Double])
        let tops = try #require(logprobs["top_logprobs"] as? [[String: Double]])
        let tokens = tokens(events)
        #expect(tokens.map { Int($0.id) } == ids && ids.count == 6)
        #expect(ends(events) == [.length])
        for (token, (value, top)) in zip(tokens, zip(values, tops)) {
            let found = try #require(token.logprobs)
            #expect(abs(Double(found.logprob) - value) < 1e-5 && found.id == token.id)
            let best = top.sorted { $0.value > $1.value }.prefix(2)
            #expect(found.top.map { "token_id:\($0.id)" } == best.map(\.key))
            // Greedy: the likeliest was drawn.
            #expect(found.top.first?.id == token.id && found.top.count == 2)
        }
    }

    @Test func anEndTokenEndsAnAnswer() async throws {
        let (standIn, server) = try await server(answering: "stop")
        let events = try await events(server)
        let choice = try #require((try recorded("whole").json()["choices"] as? [[String: Any]])?.first)
        let ids = try #require(choice["token_ids"] as? [Int])
        let end = try #require(ids.firstIndex(of: ids[2]))
        #expect(tokens(events).map { Int($0.id) } == Array(ids[...end]))
        #expect(ends(events) == [.stop])
        #expect(standIn.requests.count == 4)
    }

    @Test func twoAnswersAreToldApart() async throws {
        let (standIn, server) = try await server(answering: "two-answers")
        let events = try await events(server, answers: 2)
        #expect(tokens(events, answer: 0).count == 6 && tokens(events, answer: 1).count == 6)
        #expect(ends(events) == [.length, .length])
        #expect(standIn.requests.count == 4)
    }

    /// Its own messages, as they reach whoever has to mend something.
    @Test(arguments: [
        ("too-long", 400, "4096"), ("no-tensor", 400, "torch"), ("other-model", 404, "another"),
    ])
    func aRefusalIsTold(_ name: String, _ status: Int, _ word: String) async throws {
        let (standIn, server) = try await server(answering: name)
        await #expect { try await events(server) } throws: { error in
            guard case RemoteLanguageError.refused(standIn.url, status, let message) = error else { return false }
            return message.contains(word)
        }
        #expect(server.unavailability == nil)
    }

    @Test func anotherWidthIsTold() async throws {
        let (models, width) = (try recorded("models").reply, try recorded("other-width").reply)
        let standIn = try await StandIn { $0.path == "/v1/models" ? models : width }
        let options = try RemoteLanguageOptions(addresses: standIn.url, rows: .f32)
        await #expect {
            try await RemoteLanguageServer.connect(options, expecting: Self.expected)
        } throws: { error in
            guard case RemoteLanguageError.mismatch(_, let reason, .advice(let remedy)) = error else {
                return false
            }
            return reason.contains("hidden_size 257 does not match the model's hidden_size 256")
                && remedy.contains("--enable-prompt-embeds")
        }
    }
}
