import Foundation
import HiREDInference
import OrderedJSON
import Testing

@testable import RemoteLanguage

@Suite struct WireFormatTests {
    @Test(arguments: [1, 2, 3, 7, 1000])
    func eventsComeWholeHoweverTheyAreCut(_ size: Int) throws {
        let text =
            ": ping\n\ndata: {\"a\": 1}\n\nevent: x\ndata:two\r\ndata: lines\r\n\r\nid: 4\n\ndata: [DONE]\n\ndata: rest"
        var parser = EventStreamParser()
        var events: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += try parser.append(bytes[start..<min(start + size, bytes.count)]).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(events == ["{\"a\": 1}", "two\nlines", "[DONE]"])
    }

    @Test func anEventWithoutEndIsRefused() throws {
        var parser = EventStreamParser()
        let piece = [UInt8](repeating: 0x61, count: 1 << 20)
        #expect(throws: EventStreamParser.TooLong.self) {
            for _ in 0..<20 { _ = try parser.append(piece) }
        }
    }

    @Test func chunksAreReadAsTheyCome() throws {
        func chunk(_ text: String, alternatives: Int = 0) throws -> CompletionChunk {
            try CompletionChunk(Array(text.utf8), alternatives: alternatives)
        }
        #expect(try chunk("[DONE]") == .done)
        #expect(
            try chunk(#"{"choices":[{"index":1,"text":"a","finish_reason":null,"token_ids":[5,6]}]}"#)
                == .tokens([.tokens(answer: 1, [.init(id: 5), .init(id: 6)], end: nil)]))
        // A token that ended the answer and was not listed.
        #expect(
            try chunk(#"{"choices":[{"index":0,"finish_reason":"stop","stop_reason":2,"token_ids":[5]}]}"#)
                == .tokens([.tokens(answer: 0, [.init(id: 5), .init(id: 2)], end: .stop)]))
        #expect(
            try chunk(#"{"choices":[],"usage":{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":8}}}"#)
                == .tokens([.cached(tokens: 8)]))
        #expect(try chunk(#"{"choices":[],"usage":{"prompt_tokens":9}}"#) == .tokens([]))
        #expect(
            try chunk(#"{"error":{"message":"EngineCore died"}}"#) == .failure(message: "EngineCore died", status: nil))
        #expect(
            try chunk(#"{"error":{"message":"out-of-vocab","type":"BadRequestError","code":400}}"#)
                == .failure(message: "out-of-vocab", status: 400))
        let logprobs =
            #"{"choices":[{"index":0,"token_ids":[5],"finish_reason":"length","logprobs":{"tokens":["token_id:5"],"token_logprobs":[-0.5],"top_logprobs":[{"token_id:5":-0.5,"token_id:9":-0.25,"token_id:4":-0.5}]}}]}"#
        let expected = TokenLogprobs(
            id: 5, logprob: -0.5, top: [.init(id: 9, logprob: -0.25), .init(id: 4, logprob: -0.5)])
        #expect(
            try chunk(logprobs, alternatives: 2)
                == .tokens([.tokens(answer: 0, [.init(id: 5, logprobs: expected)], end: .length)]))
        for text in [
            "{", "[]", "{}", #"{"choices":[{"index":0,"text":"a"}]}"#, #"{"choices":[{"token_ids":["5"]}]}"#,
            #"{"choices":[{"token_ids":[5],"finish_reason":"abort"}]}"#,
            #"{"choices":[{"token_ids":[],"logprobs":{"token_logprobs":[1],"top_logprobs":[{}]}}]}"#,
        ] {
            #expect(throws: CompletionChunk.Malformed.self, "\(text)") { try chunk(text) }
        }
    }

    /// Nothing is left to the served model's own settings.
    @Test func everySamplingFieldIsSent() throws {
        var sampling = SamplingOptions(temperature: 0.7, topK: 5, topP: 0.9, seed: .max)
        sampling.minP = 0.1
        sampling.minimumTokens = 3
        sampling.logprobs = 4
        sampling.stop = ["never sent"]
        let prompt = RemotePrompt(
            rows: [1, 2, 3, 4, 5, 6], width: 3, sampling: sampling, answerCount: 2, maximumTokens: 9,
            endTokens: [2, 7],
            reusesCaches: false)
        let data = try CompletionBody(model: "lm", prompt: prompt, type: .f32).data()
        guard case .object(var object) = try JSONValue(parsing: Array(data)) else {
            Issue.record("no object")
            return
        }
        guard case .string(let rows)? = object["prompt_embeds"], case .string(let salt)? = object["cache_salt"] else {
            Issue.record("no rows, or no salt")
            return
        }
        #expect(Data(base64Encoded: rows) == (try TensorFile(type: .f32, rows: 2, columns: 3).data(prompt.rows)))
        #expect(salt.count >= 16)
        object["prompt_embeds"] = nil
        object["cache_salt"] = nil
        let expected: JSONObject = [
            "model": "lm", "stream": .bool(true), "stream_options": ["include_usage": .bool(true)], "max_tokens": 9,
            "n": 2,
            "temperature": .number(0.7), "top_p": .number(0.9), "top_k": 5, "min_p": .number(0.1),
            "repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0, "min_tokens": 3, "stop": [],
            "stop_token_ids": [2, 7], "ignore_eos": .bool(false), "return_token_ids": .bool(true),
            "seed": .integer(Int.max), "logprobs": 4, "return_tokens_as_token_ids": .bool(true),
        ]
        #expect(object == expected)
        let plain = CompletionBody(
            model: "lm", prompt: RemotePrompt(rows: [0], width: 1, maximumTokens: 1), type: .f16
        ).fields
        #expect(plain["seed"] == nil && plain["logprobs"] == nil && plain["cache_salt"] == nil)
        #expect(plain["top_k"] == 0 && plain["ignore_eos"] == .bool(true))
    }

    @Test func valuesAreRoundedToTheNearest() throws {
        func bytes(_ type: RowType, _ values: [Float]) throws -> [UInt16] {
            var data = Data()
            try type.append(values, to: &data)
            return data.withUnsafeBytes { bytes in
                stride(from: 0, to: bytes.count, by: 2).map { bytes.loadUnaligned(fromByteOffset: $0, as: UInt16.self) }
            }
        }
        #expect(try bytes(.f16, [1, -2, 0x1p-24, 65504, 1 + 0x1p-11]) == [0x3C00, 0xC000, 1, 0x7BFF, 0x3C00])
        // Halves go to the even neighbour.
        #expect(
            try bytes(.bf16, [1, -2, 1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1.8p-8]) == [0x3F80, 0xC000, 0x3F80, 0x3F82, 0x3F81])
        #expect(throws: RemoteLanguageError.self) { try bytes(.f16, [70000]) }
        #expect(throws: RemoteLanguageError.self) { try bytes(.bf16, [.nan]) }
    }

    @Test(arguments: [
        ("http://host:8000", ["http://host:8000/v1"]), ("https://host/v1/", ["https://host/v1"]),
        ("http://a:1/v1, http://b:2/api/v1", ["http://a:1/v1", "http://b:2/api/v1"]),
    ])
    func addressesAreCompleted(_ text: String, _ urls: [String]) throws {
        #expect(try RemoteLanguageOptions(addresses: text, rows: .f16).urls == urls)
    }

    @Test(arguments: [
        "", "host:8000", "ftp://host/v1", "http://user:key@host/v1", "http://host/v1?key=1", "http://a/v1,http://a/v1/",
    ])
    func otherAddressesAreRefused(_ text: String) {
        #expect(throws: RemoteLanguageError.self) { try RemoteLanguageOptions(addresses: text, rows: .f16) }
    }
}
