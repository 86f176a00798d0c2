import Foundation
import Testing

/// `--budget auto` as a user types it.
@Suite struct AutoBudgetCommandTests {
    private static let picture = Program.demo + "/samples/03-scene.png"

    private func ask(_ options: [String], prompt: String = "What?") -> [String] {
        ["ask", Program.demo, "--image", Self.picture] + options + [prompt]
    }

    private func withCache(_ body: ([String: String]) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(["XDG_CACHE_HOME": folder.path])
    }

    @Test func automaticBudgetsNeedTargetsThatMakeSense() throws {
        let cases: [([String], String)] = [
            (["--budget", "auto"], "--max-ttft"), (["--max-ttft", "1"], "--budget auto"),
            (["--budget", "20%", "--max-memory", "1GB"], "--budget auto"),
            (["--budget", "auto", "--max-ttft", "0"], "seconds above 0"),
            (["--budget", "auto", "--max-ttft", "-1"], "seconds above 0"),
            (["--budget", "auto", "--max-ttft", "nan"], "seconds above 0"),
            (["--budget", "auto", "--max-ttft", "soon"], "seconds above 0"),
            (["--budget", "auto", "--max-memory", "0"], "bytes above 0"),
            (["--budget", "auto", "--max-memory", "2G"], "2GB"),
            (["--budget", "auto", "--max-ttft", "1", "--strategy", "full"], "strategy"),
        ]
        for (options, word) in cases { try Program.expectFailure(ask(options), 64, word) }
        try Program.expectFailure(
            ["select", Program.demo, "--image", Self.picture, "--budget", "auto"], 64, "question")
    }

    @Test func anAutomaticBudgetIsReported() throws {
        try withCache { environment in
            func choice(_ options: [String]) throws -> (choice: [String: Any], kept: Int) {
                let outcome = try Program.run(
                    ask(["--budget", "auto", "--json"] + options), environment: environment)
                #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
                let object = try #require(
                    try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
                let tokens = try #require(object["image_tokens"] as? [String: Any])
                #expect(tokens["lowered_from"] == nil)
                return (
                    try #require(object["budget_choice"] as? [String: Any]), try #require(tokens["kept"] as? Int)
                )
            }
            let (most, all) = try choice(["--max-ttft", "1000"])
            #expect(most["mode"] as? String == "auto" && most["tokens"] as? Int == 2880 && all == 2400)
            #expect(most["meets_target"] as? Bool == true && most["target_ttft_ms"] as? Double == 1e6)
            #expect(most["target_memory_bytes"] == nil)
            let (least, few) = try choice(["--max-ttft", "0.000001", "--max-memory", "8GB"])
            #expect(least["tokens"] as? Int == 32 && few == 32)
            #expect(least["meets_target"] as? Bool == false)
            #expect(least["target_memory_bytes"] as? Int == 8_000_000_000)
        }
    }

    @Test func peopleAreToldOnStandardError() throws {
        try withCache { environment in
            let outcome = try Program.run(
                ask(
                    ["--budget", "auto", "--max-ttft", "1000", "--precision", "f32"], prompt: "What number is written?"),
                environment: environment)
            #expect(outcome.output == "14019\n")
            #expect(outcome.error.split(separator: "\n").count == 1)
            #expect(outcome.error.hasPrefix("hired: budget auto: 2880 image tokens"), "\(outcome.error)")
        }
    }
}
