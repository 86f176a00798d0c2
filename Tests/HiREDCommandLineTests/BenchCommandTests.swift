import Foundation
import Testing

/// Measurements as a user runs them.
@Suite struct BenchCommandTests {
    @Test func aProtocolWritesItsReport() throws {
        let scratch = try Scratch()
        let folder = scratch.path("speed")
        let report = try Program.json([
            "bench", Program.demo, "--protocol", "long", "--batch", "1,2", "--budgets", "full,20%", "--max-tokens", "3",
            "--runs", "1", "--output", folder, "--json",
        ])
        let conditions = try #require(report["conditions"] as? [String: Any])
        #expect(conditions["name"] as? String == "long")
        #expect(conditions["picture"] as? String == "1000×1000 pixels, drawn")
        #expect(conditions["new_tokens"] as? Int == 3 && conditions["runs"] as? Int == 1)
        let rows = try #require(report["rows"] as? [[String: Any]])
        #expect(rows.count == 4)
        for row in rows {
            func median(_ name: String) -> Double? { (row[name] as? [String: Any])?["median"] as? Double }
            let batch = Double(try #require(row["batch"] as? Int))
            let (rate, bare) = (
                try #require(median("tokens_per_second")), try #require(row["bare_tokens_per_second"] as? Double)
            )
            #expect(rate > 0 && bare > 0)
            #expect(abs(try #require(row["of_bare"] as? Double) / (rate / bare) - 1) < 1e-6)
            // Three tokens of each request: two steps after the prompts.
            if batch == 1 {
                let seconds =
                    (try #require(median("bare_prefill_ms")) + 2 * (try #require(median("bare_decode_ms")))) / 1000
                #expect(abs(bare * seconds / 3 - 1) < 1e-6)
            }
        }
        func file(_ name: String) throws -> String {
            try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
        }
        let markdown = try file("bench.md")
        #expect(
            markdown.contains("1000×1000 pixels, drawn, 3 new tokens, 1 runs") && markdown.contains("\n| 2 | 20% | "))
        let page = try file("bench.html")
        #expect(
            page.contains("bare_tokens_per_second") && page.contains("Content-Security-Policy") && !page.contains("{{"))
        let saved = try JSONSerialization.jsonObject(with: Data(try file("bench.json").utf8)) as? NSDictionary
        #expect(saved == report as NSDictionary)
    }

    @Test func aProtocolsPictureIsItsOwn() throws {
        try Program.expectFailure(
            ["bench", Program.demo, "--protocol", "paper", "--image", "picture.png"], 64, "leave out --image")
        let output = Program.demo + "/config.json/speed"
        try Program.expectFailure(["bench", Program.demo, "--output", output], 73, "cannot be created")
    }
}
