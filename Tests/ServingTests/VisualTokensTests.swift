import Foundation
import HTTPTypes
import HiREDInference
import HummingbirdTesting
import OrderedJSON
import Testing

@testable import Serving

/// Budgets by field, by picture, by the model's name, and counts before anything is computed.
@Suite struct VisualTokensTests {
    private static let path = "/v1/visual_tokens"

    @Test func countsWithoutComputing() async throws {
        let model = try await ServingFixture.model()
        let expected = try await ServingFixture.expected(budget: .tokens(90), tokens: 1)
        try await ServingFixture.serve { client in
            let before = model.statistics().views
            let outcome = try await client.post(Self.path, try ServingFixture.chat(["visual_tokens": ["budget": 90]]))
            #expect(model.statistics().views == before)
            #expect(outcome.status == 200, "\(outcome.text)")
            #expect(outcome["prompt_tokens"]?.integer == expected.promptTokens)
            #expect(outcome["fits"] == .bool(true))
            #expect(outcome["context_length"]?.integer == model.description.config.text.maximumPositions)
            let image = try #require(outcome["images", 0])
            #expect(image["full"]?.integer == expected.images[0].full)
            #expect(image["kept"] == 90)
            #expect(image["budget"] == 90)
            let layout = expected.images[0].layout
            #expect(image["width"]?.integer == layout.imageSize.width)
            #expect(image["grid", "rows"]?.integer == layout.tileRows)
            #expect(image["tiles"]?.list?.count == layout.partitionCount)
            #expect(image["selection"] == nil)
        }
    }

    /// By size alone, or by what a first call named, it is the same count.
    @Test func countsBySizeAndByDigest() async throws {
        try await ServingFixture.serve { client in
            let first = try await client.post(Self.path, try ServingFixture.chat(["visual_tokens": ["budget": "20%"]]))
            let image = try #require(first["images", 0])
            let digest = try #require(image["digest"]?.text)
            #expect(digest.utf8.count == 64)
            let sizes: JSONValue = ["width": image["width"] ?? .null, "height": image["height"] ?? .null]
            for asked in [sizes, ["digest": .string(digest)]] {
                let outcome = try await client.post(
                    Self.path, ["images": [asked], "visual_tokens": ["budget": "20%"]])
                #expect(outcome.status == 200, "\(outcome.text)")
                for name in ["full", "kept", "budget", "grid", "tiles", "width", "height"] {
                    #expect(outcome["images", 0, name] == image[name], "\(name)")
                }
                #expect(outcome["prompt_tokens"] == .null)
            }
            let unknown = try await client.post(
                Self.path, ["images": [["digest": .string(String(repeating: "0", count: 64))]]])
            #expect(unknown.status == 404)
            #expect(unknown.error.code == "unknown_digest")
        }
    }

    @Test func selectsWhereAskedTo() async throws {
        let expected = try await ServingFixture.expected(budget: .tokens(90), tokens: 1)
        try await ServingFixture.serve { client in
            let first = try await client.post(
                Self.path, try ServingFixture.chat(["visual_tokens": ["budget": 90], "select": .bool(true)]))
            #expect(first.status == 200, "\(first.text)")
            let digest = try #require(first["images", 0, "digest"])
            let second = try await client.post(
                Self.path, ["images": [["digest": digest]], "visual_tokens": ["budget": 90], "select": .bool(true)])
            for outcome in [first, second] {
                let selection = try #require(outcome["images", 0, "selection"])
                #expect(
                    selection["kept"]?.list?.map { $0.list?.compactMap(\.integer) ?? [] }
                        == expected.images[0].selection.kept)
                #expect(
                    selection["budgets"]?.list?.compactMap(\.integer) == expected.images[0].selection.allocation.budgets
                )
            }
            let sizes = try await client.post(
                Self.path, ["images": [["width": 100, "height": 100]], "select": .bool(true)])
            #expect(sizes.status == 400)
        }
    }

    /// What is planned is what is kept, for every budget and strategy that spends all of it.
    @Test(arguments: ["full", "100%", "20%", "7", "0.5%"])
    func plansWhatIsKept(_ budget: String) async throws {
        try await ServingFixture.serve { client in
            let tokens: JSONObject = ["visual_tokens": ["budget": .string(budget)], "max_tokens": 1]
            let planned = try await client.post(Self.path, try ServingFixture.chat(tokens))
            let answer = try await client.post(try ServingFixture.chat(tokens))
            #expect(planned["images", 0, "kept"] == answer["usage", "image_tokens", "kept"])
            #expect(planned["images", 0, "budget"] == answer["usage", "image_tokens", "budget"])
            #expect(planned["prompt_tokens"] == answer["usage", "prompt_tokens"])
        }
    }

    /// For clients that can pass nothing else.
    @Test(arguments: [("demo@50", 50), ("demo@full", nil), ("demo", 30), ("demo@10%", -10)])
    func takesTheBudgetBehindTheModelsName(_ name: String, _ budget: Int?) async throws {
        try await ServingFixture.serve(.router) {
            $0.selection.budget = .tokens(30)
        } _: { client in
            let outcome = try await client.post(try ServingFixture.chat(["model": .string(name), "max_tokens": 1]))
            #expect(outcome.status == 200, "\(outcome.text)")
            #expect(outcome["model"] == .string(name))
            let full = try #require(outcome["usage", "image_tokens", "full"]?.integer)
            switch budget {
            case nil:
                #expect(outcome["usage", "image_tokens", "kept"]?.integer == full)
                #expect(outcome["usage", "image_tokens", "budget"] == .null)
            case -10:
                let kept = try #require(outcome["usage", "image_tokens", "kept"]?.integer)
                #expect(kept > 0 && kept < full / 5)
            case let budget?: #expect(outcome["usage", "image_tokens", "budget"]?.integer == budget)
            }
            // A field says more than a name.
            let field = try await client.post(
                try ServingFixture.chat(["model": .string(name), "max_tokens": 1, "visual_tokens": ["budget": 41]]))
            #expect(field["usage", "image_tokens", "kept"] == 41)
        }
    }

    @Test func takesABudgetForEachPicture() async throws {
        let (first, second) = (try ServingFixture.dataURL(), try ServingFixture.dataURL("05-sign"))
        try await ServingFixture.serve { client in
            let outcome = try await client.post(
                try ServingFixture.chat(
                    ["visual_tokens": ["budget": 20], "max_tokens": 1],
                    messages: [
                        [
                            "role": "user",
                            "content": [
                                [
                                    "type": "image_url",
                                    "image_url": ["url": .string(first), "visual_tokens": ["budget": 45]],
                                ], ["type": "image_url", "image_url": ["url": .string(second)]],
                                ["type": "text", "text": "?"],
                            ],
                        ]
                    ]))
            #expect(outcome["usage", "image_tokens", "kept"] == 65, "\(outcome.text)")
        }
    }

    @Test func choosesBudgetsByTargets() async throws {
        try await ServingFixture.serve(.router) {
            $0.autoBudget = AutoBudget(maximumSecondsToFirstToken: 100)
        } _: {
            client in
            for changes: JSONObject in [
                ["model": "demo@auto"], ["visual_tokens": ["budget": "auto"]],
                ["visual_tokens": ["budget": "auto", "max_ttft": 50]],
                // A target alone asks for such a budget.
                ["visual_tokens": ["max_ttft": 50]],
            ] {
                var changes = changes
                changes["max_tokens"] = 1
                let outcome = try await client.post(try ServingFixture.chat(changes))
                #expect(outcome.status == 200, "\(outcome.text)")
                #expect(outcome["usage", "image_tokens", "budget"]?.integer ?? 0 > 0)
            }
        }
    }

    /// The server's own settings give way to a request's, and are dropped where they no longer mean anything.
    @Test func inheritsWhatARequestLeavesOut() throws {
        var server = SelectionOptions()
        server.budget = .tokens(40)
        server.alpha = 0.3
        server.keepsSeparators = true
        func options(_ value: JSONValue) throws -> SelectionOptions {
            try VisualTokenFields(try Fields(value)).options(over: server)
        }
        #expect(try options([:]) == server)
        let uniform = try options(["strategy": "uniform"])
        #expect((uniform.alpha, uniform.budget) == (0.5, .tokens(40)))
        _ = try uniform.makeStrategy()
        _ = try options(["budget": "full"]).makeStrategy()
        _ = try options(["allocation": "released-code"]).makeStrategy()
        _ = try options(["allocation": "even"]).makeStrategy()
        for name in StrategyName.allCases { _ = try options(["strategy": .string(name.rawValue)]).makeStrategy() }
        #expect(throws: HiREDError.self) { try options(["strategy": "prumerge", "budget": "20%"]).makeStrategy() }
        #expect(throws: APIError.self) { try options(["skip_tiles": .number(2)]).makeStrategy() }
        #expect(try options(["skip_tiles": .number(0.5)]).emptyTileShare == 0.5)
        #expect(try options(["positions": "original"]).positions == .original)
        #expect(throws: HiREDError.unknownPositions("first")) { try options(["positions": "first"]) }
        server.positions = .original
        #expect(try options(["budget": "full"]).positions == .packed)
        #expect(try options([:]).positions == .original)
        #expect(throws: HiREDError.self) { try options(["strategy": "uniform", "alpha": .number(0.2)]).makeStrategy() }
    }

    @Test func takesFilesBesideTheJSON() async throws {
        let expected = try await ServingFixture.expected()
        let message: JSONValue = [
            "role": "user",
            "content": [
                ["type": "image_url", "image_url": ["url": "attachment:sign.png"]],
                ["type": "text", "text": .string(ServingFixture.question)],
            ],
        ]
        let json = JSONAnswer.bytes(try ServingFixture.chat(messages: [message]))
        var body = Array("--B\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n".utf8) + json
        body += Array(
            "\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"sign.png\"\r\nContent-Type: image/png\r\n\r\n"
                .utf8)
        body += Array(try ServingFixture.picture()) + Array("\r\n--B--\r\n".utf8)
        let bytes = body
        try await ServingFixture.serve { client in
            let outcome = try await client.post(bytes: bytes, type: "multipart/form-data; boundary=B")
            #expect(outcome["choices", 0, "message", "content"] == .string(expected.answer), "\(outcome.text)")
            let cut = try await client.post(bytes: bytes.dropLast(20), type: "multipart/form-data; boundary=B")
            #expect(cut.status == 400)
            #expect(cut.error.code == "invalid_multipart")
        }
    }
}
