import Foundation
import HTTPTypes
import HiREDInference
import HummingbirdTesting
import OrderedJSON
import Testing

@testable import Serving

/// Every refusal is an error object that names the field and the remedy.
@Suite struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var field: String
        var value: JSONValue
        var testDescription: String { "\(field) \(value)" }

        init(_ field: String, _ value: JSONValue) { (self.field, self.value) = (field, value) }
    }

    static let unsupported: [Case] = [
        Case("tools", [["type": "function"]]), Case("functions", [["name": "f"]]),
        Case("response_format", ["type": "json_object"]), Case("logit_bias", ["50": 1]), Case("audio", ["voice": "x"]),
        Case("modalities", ["text", "audio"]), Case("tool_choice", "required"), Case("web_search_options", [:]),
    ]

    /// What the API has elsewhere and not here, where it would change the answer.
    @Test(arguments: unsupported)
    func namesWhatIsNotSupported(_ wrong: Case) async throws {
        let (name, value) = (wrong.field, wrong.value)
        try await ServingFixture.serve { client in
            let outcome = try await client.post(try ServingFixture.chat([name: value]))
            #expect(outcome.status == 400)
            #expect(outcome.error.type == "invalid_request_error")
            #expect(outcome.error.param == .string(name))
            #expect(outcome.error.code == "unsupported_parameter")
            #expect(outcome.error.message.contains("leave"), "\(outcome.error.message)")
        }
    }

    static let outOfRange: [Case] = [
        Case("temperature", 3), Case("temperature", "hot"), Case("top_p", 2), Case("n", 0), Case("n", 129),
        Case("n", .number(1.5)), Case("max_tokens", 0), Case("max_completion_tokens", -1), Case("presence_penalty", 3),
        Case("seed", "x"), Case("seed", .number(1e17)), Case("stop", 5), Case("stop", [5]), Case("stop", [""]),
        Case("top_logprobs", 3), Case("stream", "yes"), Case("messages", []), Case("messages", "hello"),
        Case("model", 5),
        Case("stream_options", 3), Case("visual_tokens", 3),
    ]

    @Test(arguments: outOfRange)
    func namesWhatIsOutOfRange(_ wrong: Case) async throws {
        let (name, value) = (wrong.field, wrong.value)
        try await ServingFixture.serve { client in
            let outcome = try await client.post(try ServingFixture.chat([name: value]))
            #expect(outcome.status == 400, "\(name) \(value)")
            #expect(outcome.error.param == .string(name), "\(outcome.text)")
            #expect(!outcome.error.message.isEmpty)
        }
    }

    /// By the field that is named.
    static let visualTokens: [Case] = [
        Case("budget", ["budget": "lots"]), Case("budget", ["budget": 0]), Case("budget", ["budget": "120%"]),
        Case("budget", ["budget": [1]]), Case("alpha", ["alpha": 2]), Case("strategy", ["strategy": "best"]),
        Case("allocation", ["allocation": "fair"]), Case("bugdet", ["bugdet": 5]),
        Case("alpha", ["strategy": "uniform", "budget": 50, "alpha": .number(0.3)]),
        Case("budget", ["budget": "auto"]), Case("max_ttft", ["budget": 50, "max_ttft": 2]),
        Case("skip_tiles", ["skip_tiles": 2]),
    ]

    @Test(arguments: visualTokens)
    func namesWhatIsWrongOfVisualTokens(_ wrong: Case) async throws {
        let (name, tokens) = ("visual_tokens." + wrong.field, wrong.value)
        try await ServingFixture.serve { client in
            let outcome = try await client.post(try ServingFixture.chat(["visual_tokens": tokens]))
            #expect(outcome.status == 400, "\(outcome.text)")
            #expect(outcome.error.param == .string(name), "\(outcome.text)")
        }
    }

    /// What lies outside its range is none, whether a picture takes it or not.
    @Test(arguments: ["alpha", "skip_tiles"])
    func rangesCountWithoutAPicture(_ name: String) async throws {
        let text: JSONValue = ["role": "user", "content": .string(ServingFixture.question)]
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat(["visual_tokens": .object([name: 2])], messages: [text]))
            #expect(outcome.status == 400, "\(outcome.text)")
            #expect(outcome.error.param == .string("visual_tokens." + name), "\(outcome.text)")
        }
    }

    /// Messages whose fault is in a part, by the part's path.
    @Test func namesThePartThatIsWrong() async throws {
        let picture = try ServingFixture.dataURL()
        let cases: [(JSONValue, String)] = [
            (["role": "robot", "content": "x"], "messages[0].role"),
            (["content": "x"], "messages[0].role"),
            (["role": "user", "content": 5], "messages[0].content"),
            (["role": "user", "content": [["type": "input_audio"]]], "messages[0].content[0].type"),
            (["role": "user", "content": [["type": "image_url"]]], "messages[0].content[0].image_url"),
            (
                ["role": "user", "content": [["type": "image_url", "image_url": ["url": "file:///etc/passwd"]]]],
                "messages[0].content[0].image_url"
            ),
            (
                [
                    "role": "user",
                    "content": [["type": "image_url", "image_url": ["url": "data:image/png;base64,%%%"]]],
                ],
                "messages[0].content[0].image_url"
            ),
            (
                [
                    "role": "user",
                    "content": [["type": "image_url", "image_url": ["url": "http://example.org/a.png"]]],
                ],
                "messages[0].content[0].image_url"
            ),
            (
                ["role": "system", "content": [["type": "image_url", "image_url": ["url": .string(picture)]]]],
                "messages[0].content[0]"
            ),
            (
                ["role": "user", "content": [["type": "image_url", "image_url": ["url": "attachment:none"]]]],
                "messages[0].content[0].image_url"
            ),
        ]
        try await ServingFixture.serve { client in
            for (message, name) in cases {
                let outcome = try await client.post(try ServingFixture.chat(messages: [message]))
                #expect(outcome.status == 400, "\(message)")
                #expect(outcome.error.param == .string(name), "\(outcome.text)")
            }
        }
    }

    @Test func tellsWhatIsWrongWithAPicture() async throws {
        try await ServingFixture.serve { client in
            for bytes in [Array("GIF89a garbage".utf8), Array(try ServingFixture.picture().prefix(200))] {
                let url = "data:image/png;base64," + Data(bytes).base64EncodedString()
                let outcome = try await client.post(
                    try ServingFixture.chat(messages: [
                        [
                            "role": "user",
                            "content": [
                                ["type": "image_url", "image_url": ["url": .string(url)]],
                                ["type": "text", "text": "?"],
                            ],
                        ]
                    ]))
                #expect(outcome.status == 400, "\(outcome.text)")
                #expect(outcome.error.code == "invalid_image")
                #expect(outcome.error.message.contains("picture 1"), "\(outcome.error.message)")
            }
        }
        try await ServingFixture.expectNothingHeld()
    }

    /// Too long is told with both counts, before a stream begins.
    @Test(arguments: [false, true])
    func tellsThatAPromptIsTooLong(_ streams: Bool) async throws {
        let text = String(repeating: "What does the image say? ", count: 2000)
        let limit = try await ServingFixture.model().description.config.text.maximumPositions
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat(
                    ["stream": .bool(streams)], messages: [["role": "user", "content": .string(text)]]))
            #expect(outcome.status == 400)
            #expect(outcome.headers[.contentType] == "application/json")
            #expect(outcome.error.code == "context_length_exceeded")
            #expect(outcome.error.message.contains("\(limit)"), "\(outcome.error.message)")
        }
    }

    @Test func refusesPromptsBeyondTheServersOwnLimit() async throws {
        try await ServingFixture.serve(.router) {
            $0.limits.promptTokens = 40
        } _: { client in
            let outcome = try await client.post(try ServingFixture.chat())
            #expect(outcome.status == 400)
            #expect(outcome.error.code == "context_length_exceeded")
            let small = try await client.post(try ServingFixture.chat(["visual_tokens": ["budget": 5]]))
            #expect(small.status == 200, "\(small.text)")
        }
    }

    @Test func refusesBodiesBeyondTheLimit() async throws {
        let setups: [Bool] = [true, false]
        for isLive in setups {
            try await ServingFixture.serve(isLive ? .live : .router) {
                $0.limits.bodyBytes = 1000
            } _: { client in
                let outcome = try await client.post(try ServingFixture.chat())
                #expect(outcome.status == 413)
                #expect(outcome.error.code == "body_too_large")
            }
        }
    }

    @Test func refusesTooManyPictures() async throws {
        try await ServingFixture.serve(.router) {
            $0.limits.images = 1
        } _: { client in
            let outcome = try await client.post(
                try ServingFixture.chat(messages: [try ServingFixture.message(), try ServingFixture.message()]))
            #expect(outcome.status == 400)
            #expect(outcome.error.code == "too_many_images")
        }
    }

    @Test func refusesOtherModels() async throws {
        try await ServingFixture.serve { client in
            for name in ["gpt-4", "demo2", "demo@lots", "demo@0", "DEMO"] {
                let outcome = try await client.post(try ServingFixture.chat(["model": .string(name)]))
                #expect(outcome.status == (name.hasPrefix("demo@") ? 400 : 404), "\(name)")
                #expect(outcome.error.param == "model")
            }
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{\"messages\": [}", "{\"a\":1,\"a\":2}", String(repeating: "[", count: 5000),
        "\u{FEFF}{}",
    ])
    func tellsWhatIsNoJSON(_ body: String) async throws {
        try await ServingFixture.serve { client in
            let outcome = try await client.post(bytes: Array(body.utf8), type: "application/json")
            #expect(outcome.status == 400)
            #expect(outcome.error.type == "invalid_request_error")
            #expect(!outcome.error.message.isEmpty)
        }
    }

    @Test func asksForOtherTypesAndPaths() async throws {
        try await ServingFixture.serve { client in
            let form = try await client.post(bytes: Array("a=b".utf8), type: "application/x-www-form-urlencoded")
            #expect(form.status == 415)
            #expect(form.error.code == "unsupported_media_type")
            let nothing = try await client.get("/v1/nothing")
            #expect(nothing.status == 404)
            #expect(nothing.error.code == "not_found")
            let method = try await client.get("/v1/chat/completions")
            #expect(method.status == 405, "\(method.text)")
            #expect(method.headers[.allow]?.contains("POST") == true)
        }
    }

    /// A queue that is full is told with a time to come back.
    @Test func tellsWhoIsTooManyToComeBack() async throws {
        var options = VisionLanguageModel.Options()
        options.engine.maximumSequences = 1
        options.engine.maximumWaiting = 0
        let model = try VisionLanguageModel(contentsOf: ServingFixture.demo, options: options)
        let served = ServedModel()
        try await served.serve(model)
        let routes = Routes(served, options: ServingFixture.options(), logger: ServingFixture.logger)
        // Takes the only place, for as long as it is held.
        var long = GenerationRequest(
            .raw("Tell a story."), images: [], selection: SelectionOptions(), maximumTokens: 2000)
        long.ignoresEndOfSequence = true
        let running = model.generate(long)
        try await routes.application().test(.router) { client in
            let outcome = try await client.post(try ServingFixture.chat())
            #expect(outcome.status == 429)
            #expect(outcome.error.type == "rate_limit_error")
            let seconds = try #require(outcome.headers[.retryAfter].flatMap { Int($0) })
            #expect((1...60).contains(seconds))
        }
        running.cancel()
        await model.drain()
        try await routes.application().test(.router) { client in
            let outcome = try await client.post(try ServingFixture.chat())
            #expect(outcome.status == 503)
            #expect(outcome.error.code == "shutting_down")
            #expect(try await client.get("/health/ready").status == 503)
            #expect(try await client.get("/health/ready")["status"] == "draining")
            #expect(try await client.get("/health/live").status == 200)
        }
    }
}
