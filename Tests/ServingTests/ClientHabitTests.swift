import Foundation
import HTTPTypes
import HiREDInference
import HummingbirdTesting
import OrderedJSON
import Testing

@testable import Serving

/// What clients of OpenAI's API do that servers got wrong elsewhere: the same thing said in two ways is the same.
@Suite struct ClientHabitTests {
    /// A text, and a list of the texts that it is made of, in every role; developer is system.
    @Test func partsAreTheTextTheyMakeTogether() async throws {
        @Sendable func turns(_ first: String, _ isInParts: Bool) throws -> [JSONValue] {
            func turn(_ role: String, _ texts: [String]) -> JSONValue {
                let parts: [JSONValue] = texts.map { ["type": "text", "text": .string($0)] }
                let content = isInParts ? JSONValue.array(parts) : .string(texts.joined(separator: "\n"))
                return ["role": .string(role), "content": content]
            }
            return [
                turn(first, ["Be brief.", "Be true."]), try ServingFixture.message(),
                turn("assistant", ["A word.", "It is."]), turn("user", ["And the", "other one?"]),
            ]
        }
        try await ServingFixture.serve { client in
            @Sendable func answer(_ first: String, _ isInParts: Bool) async throws -> Outcome {
                try await client.post(
                    try ServingFixture.chat(["max_tokens": 8], messages: try turns(first, isInParts)))
            }
            let whole = try await answer("system", false)
            #expect(whole.status == 200, "\(whole.text)")
            for (first, isInParts) in [("system", true), ("developer", false), ("developer", true)] {
                let other = try await answer(first, isInParts)
                #expect(other["choices"] == whole["choices"], "\(first), parts: \(isInParts)")
                #expect(other["usage", "prompt_tokens"] == whole["usage", "prompt_tokens"])
            }
        }
    }

    @Test(arguments: ["system", "developer", "assistant"])
    func picturesAreTheUsers(_ role: String) async throws {
        let url = try ServingFixture.dataURL()
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat(messages: [
                    ["role": .string(role), "content": [["type": "image_url", "image_url": .string(url)]]],
                    ["role": "user", "content": "?"],
                ]))
            #expect(outcome.status == 400)
            #expect(outcome.error.param == "messages[0].content[0]")
        }
    }

    /// Who drops a picture and says nothing gets an answer, and counts.
    @Test func aPictureIsAskedAboutWithoutAWord() async throws {
        let picture: JSONValue = ["type": "image_url", "image_url": .string(try ServingFixture.dataURL())]
        try await ServingFixture.serve { client in
            for content: JSONValue in [[picture], [picture, ["type": "text", "text": ""]]] {
                let body = try ServingFixture.chat(
                    ["max_tokens": 2], messages: [["role": "user", "content": content]])
                let counted = try await client.post("/v1/visual_tokens", body)
                #expect(counted["images"]?.list?.count == 1, "\(counted.text)")
                let outcome = try await client.post(body)
                #expect(outcome.status == 200, "\(outcome.text)")
                #expect(outcome["usage", "prompt_tokens"] == counted["prompt_tokens"])
            }
        }
    }

    /// Of every field that the description names, at every depth.
    @Test func nullIsTheSameAsNothing() async throws {
        let expected = try await ServingFixture.expected()
        try await ServingFixture.serve { client in
            let schemas = try #require(try await client.get("/openapi.json")["components", "schemas"])
            func nulls(_ path: [any Step], but kept: Set<String> = []) -> JSONObject {
                guard case .object(let fields)? = schemas.at(path) else {
                    Issue.record("no fields at \(path)")
                    return [:]
                }
                var object: JSONObject = [:]
                for name in fields.keys where !kept.contains(name) { object[name] = .null }
                return object
            }
            let message = nulls(["Message", "anyOf", 0, "properties"], but: ["role", "content"])
            var turn = message
            turn["role"] = "user"
            turn["name"] = .null
            turn["content"] = [
                [
                    "type": "image_url", "visual_tokens": .null,
                    "image_url": [
                        "url": .string(try ServingFixture.dataURL()), "detail": .null, "visual_tokens": .null,
                    ],
                ], ["type": "text", "text": .string(ServingFixture.question)],
            ]
            let request = nulls(["ChatRequest", "properties"], but: ["messages"])
            #expect(request.keys.count > 25)
            var inner = request
            inner["visual_tokens"] = .object(nulls(["VisualTokens", "properties"]))
            inner["stream_options"] = .object(
                nulls(["ChatRequest", "properties", "stream_options", "properties"]))
            inner["response_format"] = ["type": .null]
            for changes in [request, inner] {
                let outcome = try await client.post(try ServingFixture.chat(changes, messages: [.object(turn)]))
                #expect(outcome["choices", 0, "message", "content"] == .string(expected.answer), "\(outcome.text)")
            }
            // An assistant's turn without a word has null for its content.
            var silent = message
            silent["role"] = "assistant"
            silent["content"] = .null
            let turns = [try ServingFixture.message(), .object(silent), ["role": "user", "content": "?"]]
            let outcome = try await client.post(try ServingFixture.chat(["max_tokens": 1], messages: turns))
            #expect(outcome.status == 200, "\(outcome.text)")
        }
    }

    /// Clients send empty turns, also as the last one.
    @Test func aTurnWithoutAWordIsAnswered() async throws {
        try await ServingFixture.serve { client in
            for content in ["" as JSONValue, .null, .array([])] {
                for before in [[], [try ServingFixture.message()]] {
                    let turns = before + [["role": "user", "content": content]]
                    let outcome = try await client.post(try ServingFixture.chat(["max_tokens": 1], messages: turns))
                    #expect(outcome.status == 200, "\(outcome.text)")
                }
            }
        }
    }

    @Test(arguments: ["max_tokens", "max_completion_tokens"], [false, true])
    func eitherLimitOfTokensCounts(_ name: String, _ streams: Bool) async throws {
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat([
                    name: 3, "stream": .bool(streams), "stream_options": ["include_usage": .bool(true)],
                ]))
            let last = streams ? try #require(try outcome.chunks().last) : try outcome.json()
            #expect(last["usage", "completion_tokens"] == 3)
        }
    }

    /// Too long is told with both counts: the prompt's, and the context's.
    @Test func tellsHowLongAPromptIs() async throws {
        let limit = try await ServingFixture.model().description.config.text.maximumPositions
        let text = String(repeating: "What does the image say? ", count: 1500)
        let body = try ServingFixture.chat(messages: [try ServingFixture.message(text)])
        try await ServingFixture.serve { client in
            let counted = try await client.post("/v1/visual_tokens", body)
            #expect(counted["fits"] == .bool(false))
            let tokens = try #require(counted["prompt_tokens"]?.integer)
            #expect(tokens > limit)
            let outcome = try await client.post(body)
            #expect(outcome.error.code == "context_length_exceeded")
            for count in [tokens, limit] {
                #expect(outcome.error.message.contains("\(count)"), "\(outcome.error.message)")
            }
        }
    }

    /// Pages must be able to read every answer, errors and streams too.
    @Test func everyAnswerTellsAPageThatItMayReadIt() async throws {
        let origin = "https://example.org"
        try await ServingFixture.serve(.router) {
            $0.access.origins = [origin]
            $0.limits.bodyBytes = 200_000
        } _: { client in
            let headers: HTTPFields = [.origin: origin]
            let large: JSONObject = ["user": .string(String(repeating: "x", count: 200_000))]
            let path = "/v1/chat/completions"
            let outcomes = [
                try await client.post(try ServingFixture.chat(["stream": .bool(true)]), headers: headers),
                try await client.post(try ServingFixture.chat(["n": 0]), headers: headers),
                try await client.post(try ServingFixture.chat(["model": "other"]), headers: headers),
                try await client.get(path, headers: headers),
                try await client.post(try ServingFixture.chat(large), headers: headers),
                try await client.post(path, bytes: [0x61], type: "text/plain", headers: headers),
            ]
            #expect(outcomes.map(\.status) == [200, 400, 404, 405, 413, 415])
            for outcome in outcomes {
                #expect(outcome.headers[.accessControlAllowOrigin] == origin, "\(outcome.status)")
            }
        }
    }
}
