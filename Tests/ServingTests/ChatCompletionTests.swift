import Foundation
import HTTPTypes
import HiREDInference
import HummingbirdTesting
import OrderedJSON
import Testing

@testable import Serving

/// What OpenAI's clients expect of whole answers.
@Suite struct ChatCompletionTests {
    @Test func answersAsTheModelDoesInProcess() async throws {
        let expected = try await ServingFixture.expected()
        try await ServingFixture.serve { client in
            let outcome = try await client.post(try ServingFixture.chat())
            #expect(outcome.status == 200)
            #expect(outcome["object"] == "chat.completion")
            #expect(outcome["model"] == "demo")
            #expect(outcome["id"]?.text?.hasPrefix("chatcmpl-") == true)
            #expect(outcome["created"]?.integer ?? 0 > 1_700_000_000)
            #expect(outcome["choices"]?.list?.count == 1)
            #expect(outcome["choices", 0, "message", "role"] == "assistant")
            #expect(outcome["choices", 0, "message", "content"] == .string(expected.answer))
            #expect(outcome["choices", 0, "finish_reason"] == .string(expected.finishReason.rawValue))
            #expect(outcome["choices", 0, "index"] == 0)
            #expect(!expected.answer.isEmpty)
        }
    }

    @Test func countsPicturesAsPromptTokensWithAndWithoutStream() async throws {
        let expected = try await ServingFixture.expected(budget: .tokens(100))
        try await ServingFixture.serve { client in
            let changes: JSONObject = ["visual_tokens": ["budget": 100]]
            let whole = try await client.post(try ServingFixture.chat(changes))
            var streamed = changes
            streamed["stream"] = .bool(true)
            streamed["stream_options"] = ["include_usage": .bool(true)]
            let stream = try await client.post(try ServingFixture.chat(streamed))
            let last = try #require(try stream.chunks().last)
            for usage in [whole["usage"], last["usage"]] {
                #expect(usage?["prompt_tokens"]?.integer == expected.promptTokens)
                #expect(usage?["completion_tokens"]?.integer == expected.tokens.count)
                #expect(usage?["total_tokens"]?.integer == expected.promptTokens + expected.tokens.count)
                #expect(usage?["image_tokens", "kept"] == 100)
                #expect(usage?["image_tokens", "budget"] == 100)
                #expect(usage?["image_tokens", "full"]?.integer == expected.images[0].full)
                #expect(usage?["image_tokens", "budget_lowered"] == .bool(false))
            }
        }
    }

    /// Parts in every role, developer for system, texts of several parts, several turns and pictures.
    @Test func takesPartsInEveryRoleAndSeveralPictures() async throws {
        try await ServingFixture.serve { client in
            let turns: [JSONValue] = [
                ["role": "developer", "content": [["type": "text", "text": "Be brief."]]],
                try ServingFixture.message(),
                [
                    "role": "assistant",
                    "content": [["type": "text", "text": "A word."], ["type": "text", "text": "It is."]],
                ],
                try ServingFixture.message("And this one?", picture: "05-sign"),
            ]
            // Two whole pictures would be more than the context holds.
            let dropped: JSONObject = ["visual_tokens": ["budget": "20%"]]
            let outcome = try await client.post(try ServingFixture.chat(dropped, messages: turns))
            #expect(outcome.status == 200, "\(outcome.text)")
            #expect(outcome["usage", "image_tokens", "full"]?.integer ?? 0 > 0)
        }
    }

    @Test func answersTextWithoutPictures() async throws {
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat(messages: [["role": "user", "content": "hello"]]))
            #expect(outcome.status == 200)
            #expect(outcome["choices", 0, "message", "content"]?.text != nil)
            #expect(outcome["usage", "image_tokens", "full"] == 0)
            #expect(outcome["usage", "image_tokens", "budget"] == .null)
        }
    }

    /// A first token that ends the answer leaves an empty text, not null.
    @Test func saysNothingAsAnEmptyText() async throws {
        let expected = try await ServingFixture.expected()
        let stop = String(expected.answer.prefix(1))
        try await ServingFixture.serve { client in
            let outcome = try await client.post(try ServingFixture.chat(["stop": .string(stop)]))
            #expect(outcome["choices", 0, "message", "content"] == "")
            #expect(outcome["choices", 0, "finish_reason"] == "stop")
        }
    }

    @Test func takesBareAddressesAndSloppyBase64() async throws {
        let expected = try await ServingFixture.expected()
        let encoded = try ServingFixture.picture().base64EncodedString()
        let lines = stride(from: 0, to: encoded.count, by: 76).map { start in
            String(encoded.dropFirst(start).prefix(76))
        }.joined(separator: "\r\n")
        let bare = String(encoded.reversed().drop { $0 == "=" }.reversed())
        try await ServingFixture.serve { client in
            for url in [
                "data:image/jpeg;base64,\(lines)", "data:;base64,\(bare)",
                "data:image/png;charset=x;base64,"
                    + bare.replacing("+", with: "-").replacing("/", with: "_"),
            ] {
                let outcome = try await client.post(
                    try ServingFixture.chat(messages: [
                        [
                            "role": "user",
                            "content": [
                                ["type": "image_url", "image_url": .string(url)],
                                ["type": "text", "text": .string(ServingFixture.question)],
                            ],
                        ]
                    ]))
                #expect(outcome["choices", 0, "message", "content"] == .string(expected.answer), "\(outcome.text)")
            }
        }
    }

    /// The label says PNG, the bytes decide.
    @Test(arguments: ["orientation-6.jpg", "webp.webp"])
    func readsOtherFormatsAndTurnsThemUpright(_ file: String) async throws {
        let fixture = ServingFixture.repository.appending(path: "Tests/ServingTests/Fixtures/\(file)")
        let data = try #require(try? Foundation.Data(contentsOf: fixture))
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                "/v1/visual_tokens",
                try ServingFixture.chat(messages: [
                    [
                        "role": "user",
                        "content": [
                            [
                                "type": "image_url",
                                "image_url": ["url": .string("data:image/png;base64," + data.base64EncodedString())],
                            ], ["type": "text", "text": "?"],
                        ],
                    ]
                ]))
            #expect(outcome["images", 0, "width"] == 48, "\(outcome.text)")
            #expect(outcome["images", 0, "height"] == 64)
        }
    }

    @Test func theSmallerLimitOfTokensWins() async throws {
        try await ServingFixture.serve { client in
            for (old, new, kept) in [(5, 3, 3), (2, 7, 2)] {
                let outcome = try await client.post(
                    try ServingFixture.chat(["max_tokens": .integer(old), "max_completion_tokens": .integer(new)]))
                #expect(outcome["usage", "completion_tokens"]?.integer == kept)
                #expect(outcome["choices", 0, "finish_reason"] == "length")
            }
        }
    }

    @Test func drawsSeveralAnswersWithLogprobs() async throws {
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat([
                    "n": 3, "temperature": .number(0.9), "seed": 7, "logprobs": .bool(true), "top_logprobs": 2,
                    "max_tokens": 6,
                ]))
            let choices = try #require(outcome["choices"]?.list)
            #expect(choices.count == 3)
            #expect(choices.compactMap { $0["index"]?.integer } == [0, 1, 2])
            for choice in choices {
                let content = try #require(choice["logprobs", "content"]?.list)
                #expect(!content.isEmpty && content.count <= 6)
                for token in content {
                    #expect(token["top_logprobs"]?.list?.count == 2)
                    let bytes = token["bytes"]?.list?.compactMap(\.integer).map { UInt8($0) } ?? []
                    #expect(String(decoding: bytes, as: UTF8.self) == token["token"]?.text)
                }
            }
            let again = try await client.post(
                try ServingFixture.chat([
                    "n": 3, "temperature": .number(0.9), "seed": 7, "logprobs": .bool(true), "top_logprobs": 2,
                    "max_tokens": 6,
                ]))
            #expect(again["choices"] == outcome["choices"])
        }
    }

    /// What changes nothing is taken: null for every field, no-ops, fields nobody knows, and `detail`.
    @Test func takesWhatChangesNothing() async throws {
        let expected = try await ServingFixture.expected()
        let nothing: JSONObject = [
            "temperature": .null, "top_p": .null, "n": .null, "stream": .null, "stop": .null, "max_tokens": .null,
            "presence_penalty": .null, "seed": .null, "tools": .null, "logit_bias": .null, "visual_tokens": .null,
            "stream_options": .null, "user": .null, "response_format": .null, "audio": .null,
        ]
        let defaults: JSONObject = [
            "n": 1, "presence_penalty": 0, "frequency_penalty": .number(0), "response_format": ["type": "text"],
            "tools": [], "functions": [], "logit_bias": [:], "tool_choice": "none", "modalities": ["text"], "top_p": 1,
            "logprobs": .bool(false), "user": "somebody", "store": .bool(true), "metadata": ["a": "b"],
            "a_field_nobody_knows": ["x": 1],
        ]
        try await ServingFixture.serve { client in
            for changes in [nothing, defaults] {
                let outcome = try await client.post(try ServingFixture.chat(changes))
                #expect(outcome["choices", 0, "message", "content"] == .string(expected.answer), "\(outcome.text)")
            }
            for detail in ["low", "high", "auto"] {
                let outcome = try await client.post(
                    try ServingFixture.chat(messages: [
                        [
                            "role": "user",
                            "content": [
                                [
                                    "type": "image_url",
                                    "image_url": [
                                        "url": .string(try ServingFixture.dataURL()), "detail": .string(detail),
                                    ],
                                ], ["type": "text", "text": .string(ServingFixture.question)],
                            ],
                        ]
                    ]))
                #expect(outcome["usage", "prompt_tokens"]?.integer == expected.promptTokens)
            }
        }
    }

    @Test func stopsAtTextsAcrossTokens() async throws {
        let expected = try await ServingFixture.expected()
        let answer = expected.answer
        try #require(answer.count > 3)
        let middle = answer.index(answer.startIndex, offsetBy: 2)
        let stop = String(answer[middle...].prefix(2))
        let kept = String(answer[..<(answer.range(of: stop)?.lowerBound ?? middle)])
        try await ServingFixture.serve { client in
            for value in [JSONValue.string(stop), .array([.string("@@@"), .string(stop)])] {
                let whole = try await client.post(try ServingFixture.chat(["stop": value]))
                #expect(whole["choices", 0, "message", "content"] == .string(kept))
                let stream = try await client.post(try ServingFixture.chat(["stop": value, "stream": .bool(true)]))
                let text = try stream.chunks().compactMap { $0["choices", 0, "delta", "content"]?.text }.joined()
                #expect(text == kept)
            }
        }
    }
}
