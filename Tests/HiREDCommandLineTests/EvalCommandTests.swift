import Foundation
import HiRED
import Testing

/// Evaluations and figures as a user runs them.
@Suite struct EvalCommandTests {
    /// Exact arithmetic: what is answered beside other questions must not depend on them.
    private func demo(_ output: String, _ more: [String] = []) -> [String] {
        [
            "eval", "demo", "--limit", "2", "--budgets", "full,20%", "--strategies", "hired,prumerge", "--precision",
            "f32",
            "--concurrency", "2", "--output", output,
        ] + more
    }

    @Test func runsThatAreKilledGiveWhatOneRunGives() throws {
        let scratch = try Scratch()
        let (straight, killed) = (scratch.path("straight"), scratch.path("killed"))
        let outcome = try Program.run(demo(straight))
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.output.contains("| hired 20% |") && outcome.output.contains("report.html"))
        let log = URL(fileURLWithPath: killed).appending(path: "answers.jsonl")
        func lines() -> Int { ((try? Data(contentsOf: log)) ?? Data()).count { $0 == UInt8(ascii: "\n") } }
        var generator = SplitMix64(seed: 5)
        for _ in 0..<10 {
            let goal = lines() + Int.random(in: 0...3, using: &generator)
            _ = try Program.run(demo(killed)) { process in
                while process.isRunning, lines() <= goal { usleep(500) }
                kill(process.processIdentifier, SIGKILL)
            }
        }
        #expect(lines() > 1)
        let last = try Program.run(demo(killed))
        #expect(last.status == 0, "\(last.error)")
        for name in ["results.json", "results.csv", "results.md"] {
            let files = try [straight, killed].map { try Data(contentsOf: URL(fileURLWithPath: $0 + "/" + name)) }
            #expect(files[0] == files[1], "\(name)")
            #expect(!files[0].isEmpty)
        }
        let report = try String(contentsOfFile: killed + "/report.html", encoding: .utf8)
        #expect(report.contains("hired 20%") && report.contains("data:image/png"))
        // Sixteen questions under three configurations, behind the settings: MME's pictures have two each.
        #expect(lines() == 1 + 16 * 3)
        try Program.expectFailure(demo(killed, ["--kv-precision", "f16"]), 64, "kv precision was auto, and is f16 now")
    }

    /// A set of questions takes the place of the drawn tasks, with a row for each kind; what is answered is not asked again.
    @Test func demoAsksTheQuestionsOfASet() throws {
        let scratch = try Scratch()
        let image = Program.demo + "/samples/06-sign.png"
        let lines = [
            ("word", "What word is written?", "WEST"), ("word", "What word is written?", "EAST"),
            ("read", "What does the image say?", "WEST"),
        ].map { kind, question, answer in
            #"{"image":"\#(image)","kind":"\#(kind)","question":"\#(question)","answer":"\#(answer)"}"#
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: scratch.url.appending(path: "questions.jsonl"))
        let arguments = [
            "eval", "demo", "--data", scratch.url.path, "--budgets", "full,20%", "--strategies", "hired", "--precision",
            "f32", "--output", scratch.path("out"),
        ]
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.output.contains("| kind | questions | full | hired 20% |"))
        #expect(outcome.output.contains("| word | 2 | 50 (9-91) | 50 (9-91) |"), "\(outcome.output)")
        let report = try String(contentsOfFile: scratch.path("out/report.html"), encoding: .utf8)
        #expect(report.contains("EAST") && report.contains("data:image/png"))
        let log = URL(fileURLWithPath: scratch.path("out/answers.jsonl"))
        let answers = try Data(contentsOf: log)
        #expect(answers.split(separator: UInt8(ascii: "\n")).count == 1 + 3 * 2)
        #expect(try Program.run(arguments).output == outcome.output)
        #expect(try Data(contentsOf: log) == answers)
        try Program.expectFailure(arguments + ["--seed", "2"], 64, "seed")
        try Program.expectFailure(demo(scratch.path("out"), ["--data", scratch.path("none")]), 66, "questions.jsonl")
    }

    @Test func theSameSeedDrawsTheSamePictures() throws {
        let scratch = try Scratch()
        func digest(_ output: String, _ seed: String) throws -> [Data] {
            let arguments = [
                "eval", "demo", "--limit", "1", "--budgets", "5%", "--strategies", "uniform", "--seed", seed,
                "--output",
                scratch.path(output),
            ]
            #expect(try Program.run(arguments).status == 0)
            let data = scratch.path(output) + "/data-\(seed)"
            return try ["docvqa.jsonl", "images/docvqa/0.png", "images/mme/11.png"].map {
                try Data(contentsOf: URL(fileURLWithPath: data + "/" + $0))
            }
        }
        let first = try digest("a", "7")
        #expect(try first == digest("b", "7"))
        #expect(try first != digest("c", "8"))
    }

    @Test func badOptionsAreNamed() throws {
        let scratch = try Scratch()
        let output = ["--output", scratch.path("out")]
        try Program.expectFailure(["eval", "gqa", "--model", Program.demo, "--data", "x"] + output, 64, "chartqa")
        try Program.expectFailure(["eval", "docvqa", "--data", "x"] + output, 64, "--model")
        try Program.expectFailure(["eval", "docvqa", "--model", Program.demo] + output, 64, "--data")
        try Program.expectFailure(
            ["eval", "docvqa", "--model", Program.demo, "--data", scratch.url.path] + output, 66, "docvqa.jsonl")
        for (option, value) in [
            ("--budgets", "0%"), ("--strategies", "best"), ("--metrics", "new"), ("--concurrency", "0"),
            ("--limit", "0"),
            ("--alphas", "2"), ("--allocations", "odd"), ("--separators", "some"), ("--final-layers", "-"),
            ("--heads", "all"), ("--template", "x"),
        ] {
            // A value that is wrong by itself is named without the list it stands in: --budget for --budgets.
            let word = option.dropFirst(2).prefix(6)
            try Program.expectFailure(demo(scratch.path("out"), [option, value]), 64, String(word))
        }
        try Data(#"{"image":"a.png","question":"q"}"#.utf8).write(to: scratch.url.appending(path: "docvqa.jsonl"))
        try Program.expectFailure(
            ["eval", "docvqa", "--model", Program.demo, "--data", scratch.url.path] + output, 65,
            "line 1 has no answers")
    }

    @Test func figuresAreDrawn() throws {
        let scratch = try Scratch()
        let picture = Program.demo + "/samples/10-receipt.png"
        func draw(_ name: String, _ more: [String]) throws -> Data {
            let arguments = ["visualize", Program.demo, "--image", picture, "--output", scratch.path(name)] + more
            let outcome = try Program.run(arguments)
            #expect(outcome.status == 0, "\(outcome.error)")
            return try Data(contentsOf: scratch.url.appending(path: name))
        }
        let svg = String(decoding: try draw("kept.svg", ["--budgets", "20%,10%"]), as: UTF8.self)
        #expect(svg.contains("hired, 20%: 576 of ") && svg.contains("hired, 10%: 288 of "))
        #expect(svg.components(separatedBy: "data:image/png").count == 3)
        let layers = String(decoding: try draw("layers.svg", ["--layers", "0,5"]), as: UTF8.self)
        #expect(layers.contains(">layer 0<") && layers.contains(">layer 5<") && !layers.contains("#4cf"))
        #expect(try draw("kept.png", ["--strategy", "scope"]).starts(with: [0x89, 0x50, 0x4E, 0x47]))
        try Program.expectFailure(
            ["visualize", Program.demo, "--image", picture, "--output", scratch.path("x.gif")], 64, ".svg or .png")
        try Program.expectFailure(
            ["visualize", Program.demo, "--image", picture, "--layers", "99", "--output", scratch.path("x.svg")], 64,
            "8 layers")
    }

    @Test func attentionIsReported() throws {
        let scratch = try Scratch()
        let arguments = [
            "attention", Program.demo, "--image", Program.demo + "/samples/10-receipt.png", "--precision", "f32",
            "How much is the TEA?",
        ]
        let config = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: Program.demo + "/config.json")))
        let text = try #require((config as? [String: Any])?["text_config"] as? [String: Any])
        let count = try #require(text["num_hidden_layers"] as? Int)
        for budget in ["full", "20%"] {
            let report = try Program.json(
                arguments + ["--budget", budget, "--output", scratch.path("heat.svg"), "--layers", "0,3", "--json"])
            let rows = try #require(report["rows"] as? [[String: Any]])
            #expect(rows.count == count + 1)
            for row in rows {
                let parts = try ["pictures", "text_before", "text_behind"].map { try #require(row[$0] as? Double) }
                #expect(abs(parts.reduce(0, +) - 1) < 1e-4 && parts.allSatisfy { $0 > 0 })
                let partitions = try #require(row["partitions"] as? [Double])
                #expect(abs(partitions.reduce(try #require(row["separators"] as? Double), +) - 1) < 1e-4)
                let (top20, top40) = (
                    try #require(row["top20"] as? Double), try #require(row["top40"] as? Double)
                )
                #expect(0.2 <= top20 && top20 < top40 && top40 <= 1)
            }
            let svg = try String(contentsOfFile: scratch.path("heat.svg"), encoding: .utf8)
            #expect(svg.contains("mean of all layers") && svg.contains(">layer 3<"))
        }
        let printed = try Program.run(arguments)
        #expect(printed.status == 0 && printed.output.contains("\nmean "), "\(printed.error)")
        try Program.expectFailure(arguments + ["--layers", "\(count)"], 64, "0 to \(count - 1)")
        try Program.expectFailure(arguments + ["--output", "heat.gif"], 64, ".svg or .png")
    }

    /// Every strategy answers, and those that find their own number take no budget.
    @Test func everyStrategyAnswers() throws {
        let picture = Program.demo + "/samples/10-receipt.png"
        for strategy in StrategyName.allCases {
            let arguments = ["select", Program.demo, "--image", picture, "--strategy", strategy.rawValue, "--json"]
            let found = try Program.json(arguments)
            let packed = try #require(found["packed"] as? Int)
            #expect(packed > 0)
            if strategy.obeysBudget { #expect(packed == 576) }
        }
        try Program.expectFailure(
            ["select", Program.demo, "--image", picture, "--strategy", "prumerge", "--budget", "20%"], 64, "--budget")
        try Program.expectFailure(
            [
                "ask", Program.demo, "--image", picture, "--strategy", "spatial", "--budget", "auto", "--max-ttft", "2",
                "q",
            ],
            64, "spatial")
        try Program.expectFailure(
            ["ask", Program.demo, "--image", picture, "--strategy", "scope", "--allocation", "whole", "q"], 64,
            "paper, even")
    }
}
