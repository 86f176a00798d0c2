import Foundation
import HiREDInference
import OrderedJSON
import Synchronization
import Testing

@testable import RemoteLanguage

/// What goes over the wire, and what becomes of it when it does not go well, against a server in this process.
@Suite struct RemoteLanguageServerTests {
    private static let expected = ExpectedLanguageModel(hiddenSize: 4, vocabularySize: 100)

    private func connect(
        _ servers: [StandIn], _ change: (inout RemoteLanguageOptions) -> Void = { _ in }
    ) async throws -> RemoteLanguageServer {
        var options = try RemoteLanguageOptions(addresses: servers.map(\.url).joined(separator: ","), rows: .f32)
        options.retrySeconds = 20
        change(&options)
        return try await RemoteLanguageServer.connect(options, expecting: Self.expected)
    }

    private func prompt(affinity: UInt64? = nil, answers: Int = 1) -> RemotePrompt {
        RemotePrompt(
            rows: [Float](repeating: 0.5, count: 12), width: 4, answerCount: answers, maximumTokens: 8, endTokens: [2],
            affinity: affinity)
    }

    private final class Log: Sendable {
        private let state = Mutex<[RemoteEvent]>([])
        var events: [RemoteEvent] { state.withLock { $0 } }
        var ids: [Int32] {
            events.flatMap { event -> [Int32] in
                if case .tokens(_, let tokens, _) = event { tokens.map(\.id) } else { [] }
            }
        }
        func note(_ event: RemoteEvent) { state.withLock { $0.append(event) } }
    }

    private func answer(_ server: RemoteLanguageServer, _ prompt: RemotePrompt) async throws -> Log {
        let log = Log()
        try await server.answer(prompt) { log.note($0) }
        return log
    }

    @Test func aPromptGoesOutAndTokensComeBack() async throws {
        let text = Wire.chunk([5]) + Wire.chunk([6, 7]) + Wire.chunk([2], finish: "stop") + Wire.done
        let standIn = try await StandIn(Wire.serving(context: 300) { _ in .stream(text) })
        let server = try await connect([standIn]) { $0.key = "secret" }
        #expect(server.context == 300)
        #expect(server.identity == "lm at \(standIn.url)")
        let log = try await answer(server, prompt())
        #expect(
            log.events == [
                .sent, .tokens(answer: 0, [.init(id: 5)], end: nil),
                .tokens(answer: 0, [.init(id: 6), .init(id: 7)], end: nil),
                .tokens(answer: 0, [.init(id: 2)], end: .stop),
            ])
        let request = try #require(standIn.requests.last)
        #expect(request.path == "/v1/completions")
        #expect(request.headers["authorization"] == "Bearer secret")
        #expect(try request.json()["model"] == "lm")
        #expect(server.statistics.map(\.outstanding) == [0])
        // The list, two probes, the prompt: over connections that are kept.
        #expect(standIn.requests.count == 4)
        #expect(standIn.closedEarly == 0)
    }

    /// Each is told before anything is loaded, with what the server says itself.
    @Test func anotherModelIsRefused() async throws {
        let narrow = try await StandIn { request in
            request.path == "/v1/models"
                ? .json(Wire.models())
                : Wire.error("`prompt_embeds` hidden_size 4 does not match the model's hidden_size 8.", status: 400)
        }
        await #expect { try await connect([narrow]) } throws: { error in
            guard case RemoteLanguageError.mismatch(_, let reason, _) = error else { return false }
            return reason.contains("hidden_size 8")
        }
        // It knows every token that it is asked for.
        let large = try await StandIn { request in
            guard request.path != "/v1/models", case .array(let allowed)? = try? request.json()["allowed_token_ids"],
                case .integer(let id)? = allowed.first
            else { return .json(Wire.models()) }
            return .stream(Wire.chunk([id], finish: "length") + Wire.done)
        }
        await #expect { try await connect([large]) } throws: { error in
            guard case RemoteLanguageError.mismatch(_, let reason, _) = error else { return false }
            return reason.contains("more tokens than our 100")
        }
        // Another server's answers have no token ids.
        let other = try await StandIn { request in
            request.path == "/v1/models"
                ? .json(Wire.models())
                : .stream("data: {\"choices\":[{\"index\":0,\"text\":\"hello\",\"finish_reason\":null}]}\n\n")
        }
        await #expect { try await connect([other]) } throws: { error in
            guard case RemoteLanguageError.protocolViolation(_, let reason) = error else { return false }
            return reason.contains("token ids")
        }
        let two = try await StandIn { _ in
            .json(#"{"data":[{"id":"a","max_model_len":9},{"id":"b"},{"id":"a-lora","parent":"a"}]}"#)
        }
        await #expect { try await connect([two]) } throws: { error in
            guard case RemoteLanguageError.mismatch(_, let reason, _) = error else { return false }
            return reason.contains("2 models: a, b")
        }
        await #expect { try await connect([two]) { $0.model = "c" } } throws: { error in
            guard case RemoteLanguageError.mismatch(_, let reason, _) = error else { return false }
            return reason.contains("no model c")
        }
        let locked = try await StandIn { _ in Wire.error("Unauthorized", status: 401) }
        await #expect(
            throws: RemoteLanguageError.refused(url: locked.url, status: 401, message: "Unauthorized")
        ) { try await connect([locked]) }
    }

    @Test func nobodyThereIsUnavailable() async throws {
        let standIn = try await StandIn(Wire.serving())
        try await standIn.stop()
        await #expect { try await connect([standIn]) } throws: { error in
            guard case RemoteLanguageError.unavailable(let reason) = error else { return false }
            return reason.contains("127.0.0.1")
        }
    }

    /// Before its first token a prompt is sent again: after a refusal that passes, a fault, a connection that breaks.
    @Test func aPromptWithoutTokenIsTriedAgain() async throws {
        let standIn = try await StandIn(Wire.serving())
        let server = try await connect([standIn])
        let replies: [StandIn.Reply] = [
            Wire.error("too busy", status: 429), Wire.error("starting", status: 503),
            StandIn.Reply(ending: .nothing), .stream("", ending: .broken),
        ]
        let box = Replies(replies)
        standIn.script(Wire.serving { _ in box.next() ?? .stream(Wire.chunk([7], finish: "length") + Wire.done) })
        // Three of them count against the server, which puts it out: a probe lets it in again.
        let log = try await answer(server, prompt())
        #expect(log.ids == [7])
        #expect(box.next() == nil)
        #expect(server.unavailability == nil)
        #expect(server.statistics[0].retries == 4)
        #expect(server.statistics[0].failures == 3)
    }

    private final class Replies: Sendable {
        private let left: Mutex<[StandIn.Reply]>
        init(_ replies: [StandIn.Reply]) { left = Mutex(replies) }
        func next() -> StandIn.Reply? { left.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    /// Once a token was seen, a failure is the answer's end.
    @Test func anAnswerThatHasBegunIsNotTriedAgain() async throws {
        let standIn = try await StandIn(Wire.serving { _ in .stream(Wire.chunk([7]), ending: .broken) })
        let server = try await connect([standIn])
        let log = Log()
        await #expect { try await server.answer(prompt()) { log.note($0) } } throws: { error in
            guard case RemoteLanguageError.interrupted(let url, _) = error else { return false }
            return url == standIn.url
        }
        #expect(log.ids == [7])
        #expect(server.statistics[0].retries == 0)
        standIn.script(
            Wire.serving { _ in .stream(Wire.chunk([7]) + "data: {\"error\":{\"message\":\"EngineCore died\"}}\n\n") })
        await #expect(throws: RemoteLanguageError.interrupted(url: standIn.url, reason: "EngineCore died")) {
            try await server.answer(prompt()) { _ in }
        }
    }

    @Test func whatIsWrongWithARequestIsNotTriedAgain() async throws {
        let standIn = try await StandIn(Wire.serving { _ in Wire.error("the prompt is too long", status: 400) })
        let server = try await connect([standIn])
        let before = standIn.requests.count
        await #expect(
            throws: RemoteLanguageError.refused(url: standIn.url, status: 400, message: "the prompt is too long")
        ) { try await server.answer(prompt()) { _ in } }
        #expect(standIn.requests.count == before + 1)
        #expect(server.statistics[0].failures == 0)
    }

    @Test func silenceHasAnEnd() async throws {
        let standIn = try await StandIn(Wire.serving { _ in .stream("", ending: .silence) })
        let server = try await connect([standIn]) {
            $0.firstTokenSeconds = 1
            $0.idleSeconds = 1
        }
        await #expect(throws: RemoteLanguageError.timedOut(url: standIn.url, what: "token", seconds: 1)) {
            try await server.answer(prompt()) { _ in }
        }
        standIn.script(Wire.serving { _ in .stream(Wire.chunk([7]), ending: .silence) })
        await #expect(throws: RemoteLanguageError.timedOut(url: standIn.url, what: "further token", seconds: 1)) {
            try await server.answer(prompt()) { _ in }
        }
    }

    /// The connection is closed, which is what makes vLLM stop.
    @Test func leavingEndsTheWorkOverThere() async throws {
        let standIn = try await StandIn(Wire.serving { _ in .stream(Wire.chunk([7]), ending: .silence) })
        let server = try await connect([standIn])
        let (tokens, source) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await server.answer(prompt()) { event in
                if case .tokens = event { source.yield() }
            }
        }
        for await _ in tokens { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        for _ in 0..<2000 where standIn.closedEarly == 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(standIn.closedEarly == 1)
        #expect(server.statistics[0].outstanding == 0 && server.statistics[0].failures == 0)
    }

    @Test func aServerThatIsGoneIsReplacedByTheOtherAndComesBack() async throws {
        let (one, other) = (try await StandIn(Wire.serving()), try await StandIn(Wire.serving()))
        let server = try await connect([one, other])
        // One that is the first server's, so that it has to move.
        let probe = try await answer(server, prompt(affinity: 3))
        #expect(probe.ids == [7])
        let home = server.statistics[0].requests == 1 ? one : other
        home.script { _ in StandIn.Reply(ending: .nothing) }
        for _ in 0..<3 { #expect(try await answer(server, prompt(affinity: 3)).ids == [7]) }
        #expect(server.statistics.count { $0.isAvailable } == 1)
        #expect(server.unavailability == nil)
        home.script(Wire.serving())
        for _ in 0..<4000 where server.statistics.contains(where: { !$0.isAvailable }) {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(!server.statistics.contains { !$0.isAvailable })
    }

    @Test func severalAnswersAreToldApart() async throws {
        let text =
            Wire.chunk([5], answer: 1) + Wire.chunk([6], answer: 0) + Wire.chunk([8], answer: 1, finish: "length")
            + Wire.chunk([9], answer: 0, finish: "length") + Wire.done
        let standIn = try await StandIn(Wire.serving { _ in .stream(text) })
        let server = try await connect([standIn])
        let log = try await answer(server, prompt(answers: 2))
        let answers = (0..<2).map { number in
            log.events.flatMap { event -> [Int32] in
                guard case .tokens(let answer, let tokens, _) = event, answer == number else { return [] }
                return tokens.map(\.id)
            }
        }
        #expect(answers == [[6, 9], [5, 8]])
        #expect(try standIn.requests.last?.json()["n"] == 2)
    }
}
