import Foundation
import HTTPTypes
import HiREDInference
import HummingbirdTesting
import OrderedJSON
import Testing

@testable import Serving

/// What OpenAI's clients expect of streams.
@Suite struct StreamingTests {
    @Test func streamsTheSameAnswerInChunks() async throws {
        let expected = try await ServingFixture.expected()
        try await ServingFixture.serve { client in
            let outcome = try await client.post(try ServingFixture.chat(["stream": .bool(true)]))
            #expect(outcome.status == 200)
            #expect(outcome.headers[.contentType] == "text/event-stream")
            #expect(outcome.events.last?.data == "[DONE]")
            let chunks = try outcome.chunks()
            let choices = try chunks.map { try #require($0["choices"]?.list) }
            #expect(choices.allSatisfy { $0.count == 1 })
            // The first tells the role, and only it does.
            #expect(choices.first?[0]["delta", "role"] == "assistant")
            #expect(choices.first?[0]["delta", "content"] == "")
            #expect(choices.dropFirst().allSatisfy { $0[0]["delta", "role"] == nil })
            // The last ends the answer, alone and with nothing else; before it there is no reason, but null.
            #expect(choices.last?[0]["finish_reason"] == .string(expected.finishReason.rawValue))
            #expect(choices.last?[0]["delta"] == [:])
            #expect(choices.dropLast().allSatisfy { $0[0]["finish_reason"] == .null })
            #expect(choices.compactMap { $0[0]["delta", "content"]?.text }.joined() == expected.answer)
            #expect(Set(chunks.compactMap { $0["id"]?.text }).count == 1)
            // Nobody asked for usage, or for our own events.
            #expect(chunks.allSatisfy { $0["usage"] == nil })
            #expect(outcome.events.allSatisfy { $0.name == nil })
        }
    }

    @Test func tellsUsageInOneLastChunkWhereAskedFor() async throws {
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat(["stream": .bool(true), "stream_options": ["include_usage": .bool(true)]]))
            let chunks = try outcome.chunks()
            #expect(chunks.last?["choices"] == [])
            #expect(chunks.last?["usage", "total_tokens"]?.integer ?? 0 > 0)
            #expect(chunks.dropLast().allSatisfy { $0["usage"] == .null && $0["choices"]?.list?.isEmpty == false })
            #expect(outcome.events.last?.data == "[DONE]")
        }
    }

    @Test func streamsSeveralAnswersApart() async throws {
        try await ServingFixture.serve { client in
            let changes: JSONObject = ["n": 2, "seed": 3, "temperature": .number(0.9), "logprobs": .bool(true)]
            var streamed = changes
            streamed["stream"] = .bool(true)
            let whole = try await client.post(try ServingFixture.chat(changes))
            let stream = try await client.post(try ServingFixture.chat(streamed))
            for answer in 0..<2 {
                let parts = try stream.chunks().compactMap { $0["choices", 0] }.filter {
                    $0["index"]?.integer == answer
                }
                #expect(parts.first?["delta", "role"] == "assistant")
                let text = parts.compactMap { $0["delta", "content"]?.text }.joined()
                #expect(text == whole["choices", answer, "message", "content"]?.text)
                #expect(parts.last?["finish_reason"] == whole["choices", answer, "finish_reason"])
                let drawn = parts.flatMap { $0["logprobs", "content"]?.list ?? [] }
                #expect(drawn == whole["choices", answer, "logprobs", "content"]?.list)
            }
        }
    }

    @Test func tellsOfPicturesWhereAskedFor() async throws {
        let expected = try await ServingFixture.expected(budget: .tokens(64))
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat([
                    "stream": .bool(true), "visual_tokens": ["budget": 64],
                    "stream_options": ["include_visual_tokens": .bool(true)],
                ]))
            var named: [String: JSONValue] = [:]
            for event in outcome.events {
                if let name = event.name { named[name] = try JSONValue(parsing: Array(event.data.utf8)) }
            }
            #expect(named["visual_tokens.accepted"]?["queue_place"]?.integer != nil)
            #expect(named["visual_tokens.counted"]?["prompt_tokens"]?.integer == expected.promptTokens)
            #expect(named["visual_tokens.counted"]?["image_tokens", "planned"] == 64)
            let selection = try #require(named["visual_tokens.selected"]?["selection"])
            let kept = selection["kept"]?.list?.map { $0.list?.compactMap(\.integer) ?? [] }
            #expect(kept == expected.images[0].selection.kept)
            #expect(named["visual_tokens.selected"]?["picture"] == 0)
            let layout = expected.images[0].layout
            #expect(selection["partitions"]?.list?.count == layout.partitionCount)
            let attention = try #require(selection["attention"]?.list).map { $0.list?.compactMap(\.integer) ?? [] }
            #expect(attention.count == layout.partitionCount)
            for (partition, values) in attention.enumerated() where !values.isEmpty {
                let chosen = Set(expected.images[0].selection.kept[partition])
                #expect(values.count == layout.tokensPerPartition && values.max() == 255)
                let others = values.indices.filter {
                    !chosen.contains($0) && !layout.isPadding(partition: partition, token: $0)
                }
                #expect(others.allSatisfy { other in chosen.allSatisfy { values[$0] >= values[other] } })
            }
            #expect(attention.contains { !$0.isEmpty })
            #expect(named["visual_tokens.prefill"]?["done"] == named["visual_tokens.prefill"]?["total"])
            guard case .number(let total)? = named["visual_tokens.timings"]?["total_ms"] else {
                Issue.record("no timings: \(named)")
                return
            }
            #expect(total > 0)
        }
    }

    /// Text comes in whole characters, whatever the tokens are.
    @Test func neverCutsACharacter() async throws {
        try await ServingFixture.serve { client in
            for seed in 0..<6 {
                let outcome = try await client.post(
                    try ServingFixture.chat([
                        "stream": .bool(true), "temperature": 2, "seed": .integer(seed), "max_tokens": 40,
                    ]))
                let chunks = try outcome.chunks()
                let pieces = chunks.compactMap { $0["choices", 0, "delta", "content"]?.text }
                // A replacement character may stand where bytes are no text; never at both sides of a cut.
                let joined = pieces.joined()
                #expect(
                    !zip(pieces, pieces.dropFirst()).contains { $0.hasSuffix("\u{FFFD}") && $1.hasPrefix("\u{FFFD}") })
                #expect(joined.utf8.elementsEqual(pieces.flatMap { Array($0.utf8) }))
            }
        }
    }

    @Test func sendsSignsOfLifeWhileNothingIsSent() async throws {
        try await ServingFixture.serve(.router) {
            $0.timeouts.ping = 0.001
        } _: { client in
            let outcome = try await client.post(try ServingFixture.chat(["stream": .bool(true)]))
            #expect(outcome.text.contains(": ping\n\n"))
            #expect(outcome.events.last?.data == "[DONE]")
            #expect(try outcome.chunks().last?["choices", 0, "finish_reason"] != .null)
        }
    }

    /// An error inside a stream is told as one, with no pretended end.
    @Test func tellsOfErrorsInTheStream() async throws {
        try await ServingFixture.serve(.router) {
            $0.timeouts.request = 0.03
        } _: { client in
            // However fast the machine is, one of these is not whole in time.
            let outcome = try await client.post(
                try ServingFixture.chat(["stream": .bool(true), "max_tokens": 400, "temperature": 2, "n": 16]))
            if outcome.status == 200 {
                let chunks = try outcome.chunks()
                #expect(chunks.last?["error", "code"] == "deadline_exceeded")
                #expect(chunks.last?["choices"] == nil)
            } else {
                #expect(outcome.status == 504)
                #expect(outcome.error.code == "deadline_exceeded")
            }
        }
        try await ServingFixture.expectNothingHeld()
    }
}
