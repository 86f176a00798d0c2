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
        for _ in 0..<4 {
            let goal = lines() + Int.random(in: 0...9, using: &generator)
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
            ("--heads", "all"), ("--template", "x"), ("--data", "x"),
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
