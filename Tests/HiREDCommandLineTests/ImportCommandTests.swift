import Foundation
import Testing

@Suite struct ImportCommandTests {
    private static let fixtures = Program.repository.appending(path: "Tests/HiREDInferenceTests/Fixtures")
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test(arguments: ["f16", "int8", "int4"])
    func theDemoIsImportedInspectedAndAsked(_ weights: String) throws {
        let folder = scratch.path("model")
        let report = try Program.json(["import", Program.demo, folder, "--weights", weights, "--json"])
        #expect(report["weights"] as? String == weights)
        #expect(report["layout"] as? String == "huggingFace")
        #expect(report["destination"] as? String == folder)
        for key in ["bytes_read", "bytes_written", "peak_rss"] { #expect(report[key] as? Int ?? 0 > 0, "\(key)") }
        #expect(scratch.names == ["model"])

        let inspection = try Program.json(["inspect", folder, "--json"])
        let imported = try #require(inspection["imported"] as? [String: Any])
        #expect(imported["weights"] as? String == weights)
        let graphs = try #require(imported["graphs"] as? [[String: Any]])
        #expect(Set(graphs.compactMap { $0["part"] as? String }).count == 4)
        #expect(graphs.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) } == report["bytes_written"] as? Int)
        let language = try #require(graphs.first { $0["part"] as? String == "language_model" })
        let formats = try #require(language["weights"] as? [[String: Any]]).compactMap { $0["type"] as? String }
        #expect(formats.first == ["f16": "f16", "int8": "i8", "int4": "i4"][weights])
        // The same model as the checkpoint's.
        let source = try Program.json(["inspect", Program.demo, "--json"])
        #expect(source["imported"] == nil)
        for key in ["family", "layout", "preprocessing", "chat_template"] {
            #expect(inspection[key] as? String == source[key] as? String, "\(key)")
            #expect(inspection[key] is String, "\(key)")
        }
        for key in ["vision", "text"] {
            #expect(inspection[key] as? [String: AnyHashable] == source[key] as? [String: AnyHashable], "\(key)")
        }
        let tensors = try #require(inspection["tensors"] as? [[String: Any]])
        #expect(Set(tensors.compactMap { $0["type"] as? String }).contains(formats[0]))
        #expect(tensors.allSatisfy { $0["bytes"] as? Int ?? 0 > 0 && $0["name"] is String && $0["shape"] is [Int] })
        #expect(tensors.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) } <= inspection["weight_bytes"] as? Int ?? 0)
        #expect(inspection["memory_bytes"] as? Int ?? 0 > 0)

        let text = try Program.run(["inspect", folder]).output
        #expect(text.contains("openvino_language_model.xml"))
        #expect(text.contains("imported by hired"))

        let answer = try Program.run(["ask", folder, "--image", "\(Program.demo)/samples/03-scene.png", "What color?"])
        #expect(answer.status == 0, "\(answer.error)")
        #expect(!answer.output.isEmpty)
    }

    /// f16 weights as they are, computed with in f32: every logit's log probability comes out the same.
    @Test func anImportAnswersAsItsCheckpoint() throws {
        let folder = scratch.path("model")
        _ = try Program.json(["import", Program.demo, folder, "--weights", "f16", "--json"])
        for (picture, budget) in [("00-scene.png", "20%"), ("08-receipt.png", "full"), ("13-chart.png", "40%")] {
            let answers = try [Program.demo, folder].map { model in
                try Program.json([
                    "ask", model, "--image", "\(Program.demo)/samples/\(picture)", "--budget", budget, "--precision",
                    "f32", "--max-tokens", "12", "--logprobs", "2", "--json", "What does it show?",
                ])
            }
            for key in ["answer", "finish_reason"] {
                #expect(answers[0][key] as? String == answers[1][key] as? String, "\(picture): \(key)")
            }
            #expect(answers[0]["prompt_tokens"] as? Int == answers[1]["prompt_tokens"] as? Int)
            let logprobs = try answers.map { answer in
                try #require(answer["logprobs"] as? [[String: Any]]).compactMap { $0["logprob"] as? Double }
            }
            #expect(!logprobs[0].isEmpty)
            #expect(logprobs[0].count == logprobs[1].count)
            let difference = zip(logprobs[0], logprobs[1]).map { abs($0 - $1) }.max() ?? 1
            #expect(difference < 1e-4, "\(picture): \(difference)")
        }
    }

    /// `.bin` files, a tower apart, and a language model of another exporter.
    @Test func otherLayoutsAreInspectedAndImported() throws {
        let share = Self.fixtures.appending(path: "layouts/original-share4v")
        let checkpoint = share.appending(path: "checkpoint").path
        let alone = try Program.json(["inspect", checkpoint, "--json"])
        #expect(alone["layout"] as? String == "originalLLaVA")
        #expect(alone["memory_bytes"] == nil)
        let notes = try #require(alone["notes"] as? [String])
        #expect(notes.contains { $0.contains("does not hold its vision tower") })
        #expect(notes.contains { $0.contains("hired import") })

        let tower = ["--vision-tower", share.appending(path: "tower").path]
        let whole = try Program.json(["inspect", checkpoint, "--json"] + tower)
        let names = try #require(whole["tensors"] as? [[String: Any]]).compactMap { $0["name"] as? String }
        #expect(names.contains { $0.hasPrefix("vision_model.") })
        #expect((whole["vision"] as? [String: Any])?["image_size"] as? Int == 56)

        let folder = scratch.path("share")
        _ = try Program.json(["import", checkpoint, folder, "--json"] + tower)
        let imported = try Program.json(["inspect", folder, "--json"])
        #expect(imported["layout"] as? String == "originalLLaVA")
        #expect(imported["chat_template"] as? String == "vicuna (built in)")
        try Program.expectFailure(["inspect", folder] + tower, 64, "--vision-tower")
    }

    @Test func badOptionsEndWith64() throws {
        let destination = scratch.path("model")
        for (options, word) in [
            (["--weights", "int2"], "f16, int8 or int4"), (["--vision-weights", "int4"], "f16 or int8"),
            (["--threads", "0"], "threads"), (["--bogus"], "bogus"),
        ] { try Program.expectFailure(["import", Program.demo, destination] + options, 64, word) }
        try Program.expectFailure(["import", Program.demo], 64, "destination")
        try Program.expectFailure(["bench", "synthesize", "--like", "gpt", destination], 64, "llava-v1.6-vicuna-7b")
        #expect(scratch.names.isEmpty)
    }

    @Test func missingThingsEndWith66() throws {
        let destination = scratch.path("model")
        try Program.expectFailure(["import", "/nowhere", destination], 66, "/nowhere")
        try Program.expectFailure(
            ["import", Program.demo, destination, "--language-model", "/nowhere"], 66, "/nowhere")
        let share = Self.fixtures.appending(path: "layouts/original-share4v/checkpoint").path
        try Program.expectFailure(["import", share, destination], 66, "--vision-tower")
        try Program.expectFailure(["import", share, destination, "--vision-tower", "/nowhere"], 66, "/nowhere")
        #expect(scratch.names.isEmpty)
    }

    @Test func destinationsInTheWayEndWith73() throws {
        let destination = scratch.path("model")
        try Data("precious".utf8).write(to: URL(fileURLWithPath: destination))
        try Program.expectFailure(["import", Program.demo, destination], 73, destination)
        #expect(try Data(contentsOf: URL(fileURLWithPath: destination)) == Data("precious".utf8))
        try Program.expectFailure(["import", Program.demo, Program.demo], 73, Program.demo)
        #expect(scratch.names == ["model"])
    }

    @Test func damagedCheckpointsEndWith65() throws {
        let copy = scratch.path("checkpoint")
        try FileManager.default.copyItem(atPath: Program.demo, toPath: copy)
        let weights = URL(fileURLWithPath: copy).appending(path: "model.safetensors")
        try Data(contentsOf: weights).prefix(5_000_000).write(to: weights)
        try Program.expectFailure(["import", copy, scratch.path("model")], 65, "model.safetensors")
        #expect(scratch.names == ["checkpoint"])
    }
}

/// What is needed where vLLM serves the language model.
@Suite struct LanguageModelElsewhereTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func theLanguageModelIsExportedAndAFolderWithoutItAsksForItsServer() throws {
        let report = try Program.json(["export-language-model", Program.demo, scratch.path("lm"), "--json"])
        #expect(report["architecture"] as? String == "llama")
        #expect((report["tensors"] as? [[String: Any]])?.count == 57)
        let text = try Program.run(["export-language-model", Program.demo, scratch.path("lm2")])
        #expect(text.status == 0)
        for file in try #require(report["files"] as? [[String: String]]) {
            #expect(text.output.contains("\(file["sha256"] ?? "?")  \(file["name"] ?? "?")"))
        }

        let folder = scratch.path("vision")
        _ = try Program.json(["import", Program.demo, folder, "--vision-only", "--json"])
        let asked = try Program.run(["ask", folder, "--image", "\(Program.demo)/samples/04-sign.png", "What?"])
        #expect(asked.status == 65)
        #expect(asked.error.contains("--language-model-url"))
        // The vision half alone.
        let selected = try Program.run(["select", folder, "--image", "\(Program.demo)/samples/04-sign.png"])
        #expect(selected.status == 0, "\(selected.error)")
        let inspection = try Program.json(["inspect", folder, "--json"])
        #expect((inspection["imported"] as? [String: Any])?["weights"] as? String == "none")
    }

    @Test func optionsThatCannotBeMeantAreRefused() throws {
        for (arguments, word) in [
            (["import", Program.demo, scratch.path("a"), "--vision-only", "--weights", "int4"], "--weights"),
            (
                ["import", Program.demo, scratch.path("a"), "--vision-only", "--language-model", "x"],
                "--language-model"
            ),
            (["ask", Program.demo, "What?", "--language-model-rows", "f16"], "--language-model-url"),
            (["ask", Program.demo, "What?", "--language-model-retry", "60"], "--language-model-url"),
            (["ask", Program.demo, "What?", "--language-model-url", "host:8000"], "--language-model-url"),
            (
                ["ask", Program.demo, "What?", "--language-model-url", "http://h/v1", "--language-model-rows", "f8"],
                "f16"
            ),
            (
                ["ask", Program.demo, "What?", "--language-model-url", "http://h/v1", "--language-model-retry", "-1"],
                "retry"
            ),
        ] {
            let outcome = try Program.run(arguments)
            #expect(outcome.status == 64, "\(arguments): \(outcome.error)")
            #expect(outcome.error.contains(word), "\(arguments): \(outcome.error)")
            #expect(outcome.error.split(separator: "\n").count == 1)
        }
        // Nobody listens there.
        let outcome = try Program.run([
            "ask", Program.demo, "What?", "--language-model-url", "http://127.0.0.1:9/v1",
        ])
        #expect(outcome.status == 75, "\(outcome.error)")
        #expect(outcome.error.contains("127.0.0.1:9"))
    }
}
