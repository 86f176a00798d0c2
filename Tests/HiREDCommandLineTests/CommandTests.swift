// The names are those of the JSON that is checked.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Testing

/// The program as a user starts it: what it prints, and the code it ends with.
@Suite struct CommandTests {
    private static let demo = Program.demo
    private static let picture = demo + "/samples/03-scene.png"

    private func run(_ arguments: [String]) throws -> Program.Outcome { try Program.run(arguments) }

    private func expectFailure(_ arguments: [String], _ status: Int32, _ word: String) throws {
        try Program.expectFailure(arguments, status, word)
    }

    private func ask(_ model: String, _ image: String, _ more: [String] = [], prompt: String = "What?") -> [String] {
        ["ask", model, "--image", image] + more + [prompt]
    }

    @Test func badOptionsEndWith64() throws {
        for budget in ["0", "0%", "200%", "abc"] {
            try expectFailure(ask(Self.demo, Self.picture, ["--budget", budget]), 64, "budget '\(budget)'")
        }
        try expectFailure(ask(Self.demo, Self.picture, ["--budget=-1"]), 64, "budget")
        try expectFailure(
            ask(Self.demo, Self.picture, ["--strategy", "best"]), 64,
            "hired, full, uniform, spatial, random, prumerge, prumerge+, scope")
        try expectFailure(ask(Self.demo, Self.picture, ["--allocation", "best"]), 64, "released-code")
        try expectFailure(ask(Self.demo, Self.picture, ["--alpha", "2"]), 64, "alpha")
        try expectFailure(ask(Self.demo, Self.picture, ["--precision", "f8"]), 64, "precision")
        try expectFailure(ask(Self.demo, Self.picture, ["--activation-groups", "96"]), 64, "activation-groups")
        try expectFailure(
            ask(Self.demo, Self.picture, ["--activation-groups", "128", "--precision", "f32"]), 64,
            "--activation-groups")
        try expectFailure(ask(Self.demo, Self.picture, ["--device", "TPU"]), 64, "--device")
        try expectFailure(ask(Self.demo, Self.picture, ["--skip-tiles", "1.5"]), 64, "--skip-tiles")
        try expectFailure(
            ask(Self.demo, Self.picture, ["--skip-tiles", "0.5", "--strategy", "uniform"]), 64, "--skip-tiles")
        try expectFailure(ask(Self.demo, Self.picture, ["--template", "x"]), 64, "template")
        try expectFailure(ask(Self.demo, Self.picture, ["--temperature=-1"]), 64, "temperature")
        try expectFailure(ask(Self.demo, Self.picture, ["--min-p", "2"]), 64, "min-p")
        try expectFailure(ask(Self.demo, Self.picture, ["--repetition-penalty", "0"]), 64, "repetition-penalty")
        try expectFailure(ask(Self.demo, Self.picture, ["--presence-penalty", "-3"]), 64, "presence-penalty")
        try expectFailure(ask(Self.demo, Self.picture, ["--frequency-penalty", "3"]), 64, "frequency-penalty")
        try expectFailure(ask(Self.demo, Self.picture, ["--stop", ""]), 64, "stop")
        try expectFailure(ask(Self.demo, Self.picture, ["--json", "--logprobs", "21"]), 64, "logprobs")
        try expectFailure(ask(Self.demo, Self.picture, ["--logprobs", "1"]), 64, "--json")
        try expectFailure(ask(Self.demo, Self.picture, ["--max-tokens", "0"]), 64, "max-tokens")
        try expectFailure(ask(Self.demo, Self.picture, prompt: " "), 64, "prompt")
        try expectFailure(ask(Self.demo, Self.picture, ["--template", "raw"], prompt: "no place"), 64, "<image>")
        try expectFailure(["ask"], 64, "model")
        try expectFailure(["nothing"], 64, "nothing")
    }

    @Test func missingThingsEndWith66() throws {
        try expectFailure(ask("/nowhere", Self.picture), 66, "/nowhere")
        try expectFailure(ask(Self.demo, "/nowhere.png"), 66, "/nowhere.png")
        try expectFailure(["inspect", "/nowhere"], 66, "/nowhere")
    }

    @Test func damagedThingsEndWith65() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(atPath: Self.demo, toPath: folder.path)
        let weights = folder.appending(path: "model.safetensors")
        try Data(contentsOf: weights).prefix(5_000_000).write(to: weights)
        try expectFailure(ask(folder.path, Self.picture), 65, "model.safetensors")

        let empty = folder.appending(path: "empty.png")
        try Data().write(to: empty)
        try expectFailure(ask(Self.demo, empty.path), 65, "empty")
        let text = folder.appending(path: "text.jpg")
        try Data("not a picture".utf8).write(to: text)
        try expectFailure(ask(Self.demo, text.path), 65, "not a picture")
        // The header of a PNG of 30000×30000 pixels.
        let huge = folder.appending(path: "huge.png")
        let header: [UInt8] = [
            0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x75, 0x30, 0, 0,
            0x75, 0x30, 8, 2, 0, 0, 0, 0xE9, 0x45, 0x6F, 0xED, 0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xAF, 0x06,
            0x1E,
        ]
        try Data(header).write(to: huge)
        try expectFailure(ask(Self.demo, huge.path), 65, "30000×30000")
    }

    private struct Answer: Decodable {
        struct Tokens: Decodable {
            var full: Int
            var kept: Int
            var budget: Int?
            var per_partition: [Int]
        }
        var answer: String
        var finish_reason: String
        var prompt_tokens: Int
        var completion_tokens: Int
        var image_tokens: Tokens
        struct Token: Decodable {
            struct Alternative: Decodable, Equatable {
                var token: String
                var id: Int
                var logprob: Double
            }
            var token: String
            var id: Int
            var logprob: Double
            var top: [Alternative]
        }
        var logprobs: [Token]?
        var timings_ms: [String: Double]
        var memory_bytes: [String: Int]
    }

    @Test func anAnswerIsPrintedAsPromised() throws {
        let question = "What number is written?"
        let budgets: [(String, Int, Int?)] = [("full", 2438, nil), ("20%", 576, 576), ("500", 500, 500)]
        for (budget, kept, count) in budgets {
            let outcome = try run(
                ask(Self.demo, Self.picture, exact + ["--budget", budget, "--json"], prompt: question))
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.error.isEmpty)
            let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
            #expect(answer.answer == "14019")
            #expect(answer.finish_reason == "stop")
            #expect((answer.image_tokens.full, answer.image_tokens.kept) == (2438, kept))
            #expect(answer.image_tokens.budget == count)
            #expect(answer.image_tokens.per_partition.reduce(0, +) <= kept)
            #expect(
                Set(answer.timings_ms.keys) == [
                    "load", "decode_image", "preprocess", "vision", "select", "project", "prefill", "ttft", "decode",
                    "total",
                ])
            #expect(try #require(answer.memory_bytes["kv_cache"]) > 0)
            #expect(try #require(answer.memory_bytes["peak_rss"]) > 0)
        }
        #expect(try run(ask(Self.demo, Self.picture, exact, prompt: question)).output == "14019\n")
    }

    /// An answer that must be the same on every machine.
    private let exact = ["--precision", "f32"]

    @Test func stopStringsAndLogProbabilitiesAreServed() throws {
        let question = "What number is written?"
        let stopped = try run(ask(Self.demo, Self.picture, exact + ["--stop", "-", "--stop", "01"], prompt: question))
        #expect(stopped.output == "14\n", "\(stopped.error)")
        let outcome = try run(ask(Self.demo, Self.picture, exact + ["--json", "--logprobs", "2"], prompt: question))
        let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
        let tokens = try #require(answer.logprobs)
        #expect(tokens.count == answer.completion_tokens)
        // Ends with the token that ends the answer.
        #expect(tokens.map(\.token).joined() == " 14019</s>" || tokens.map(\.token).joined() == "14019</s>")
        for token in tokens {
            #expect(token.top.count == 2)
            #expect(token.top[0] == Answer.Token.Alternative(token: token.token, id: token.id, logprob: token.logprob))
            #expect(token.logprob <= 0)
        }
        let plain = try run(ask(Self.demo, Self.picture, ["--json"], prompt: question))
        #expect(!plain.output.contains("logprob"))
    }

    @Test func batchTakesTheSameOptions() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID()).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        let picture = String(repeating: "../", count: file.pathComponents.count) + Self.picture.dropFirst()
        try Data(#"{"image": "\#(picture)", "question": "What number is written?"}"#.utf8).write(to: file)
        let outcome = try run(
            ["batch", Self.demo, file.path, "--stop", "1", "--stop", "2", "--logprobs", "0"] + exact)
        #expect(outcome.status == 0, "\(outcome.error)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(object["answer"] as? String == "")
        #expect((object["logprobs"] as? [[String: Any]])?.isEmpty == false)
    }

    @Test func selectionIsPrintedAndDrawn() throws {
        let png = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID()).png")
        defer { try? FileManager.default.removeItem(at: png) }
        let outcome = try run([
            "select", Self.demo, "--image", Self.picture, "--budget", "64", "--json", "--png", png.path,
        ])
        #expect(outcome.status == 0, "\(outcome.error)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(Set(["layout", "budgets", "scores", "kept"]).isSubset(of: object.keys))
        let kept = try #require(object["kept"] as? [[Int]])
        #expect(kept.reduce(0) { $0 + $1.count } == 64)
        #expect(kept.allSatisfy { $0 == $0.sorted() })
        #expect(try Data(contentsOf: png).starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test func aFolderIsInspected() throws {
        let outcome = try run(["inspect", Self.demo, "--json"])
        #expect(outcome.status == 0)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(object["family"] as? String == "llava_next")
    }

    @Test func helpAndVersionEndWell() throws {
        #expect(try run(["--help"]).output.contains("demo"))
        #expect(try run(["ask", "--help"]).output.contains("--budget"))
        #expect(try run(["--version"]).status == 0)
    }
}
