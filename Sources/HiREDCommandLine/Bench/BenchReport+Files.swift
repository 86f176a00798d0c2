import Foundation
import Reporting

extension BenchReport {
    /// Writes `bench.json`, `bench.md` and `bench.html`.
    func save(in folder: String) throws {
        try Output.save(ReportCoding.encode(self) + Data("\n".utf8), to: folder + "/bench.json")
        try Output.save(Data(markdown.utf8), to: folder + "/bench.md")
        try Output.save(Data(ReportPage.bench.html(self).utf8), to: folder + "/bench.html")
    }

    /// The report as a table for people.
    var markdown: String {
        var lines = ["# \(model)", ""]
        if let conditions {
            lines.append(
                "\(conditions.picture), \(conditions.newTokens) new tokens, \(conditions.runs) runs, medians"
                    + (conditions.name.map { " (protocol \($0))" } ?? "") + ".")
        }
        lines.append(machine.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") + ".")
        lines += [
            "",
            "| batch | budget | prompt | image tokens | tokens/s | × full | TTFT, s | × full | KV cache, MB | bare tokens/s "
                + "| of bare |",
            "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        lines += rows.map(\.markdown)
        lines += [
            "",
            "Tokens/s are generated tokens of all requests by the whole time, with the fewest and most of the runs. Bare is "
                + "the compiled language model alone on the same prompts and steps, without pictures.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}

extension BenchReport.Row {
    fileprivate var markdown: String {
        if let refused { return "| \(batch) | \(budget) | refused: \(refused) ||||||||||" }
        func number(_ value: Double?, _ places: Int) -> String {
            value.map { String(format: "%.\(places)f", $0) } ?? ""
        }
        let speed = [tokensPerSecond.median, tokensPerSecond.least, tokensPerSecond.most].map { number($0, 3) }
        let cells = [
            "\(batch)", budget, "\(promptTokens)", "\(imageTokens)", "\(speed[0]) (\(speed[1])–\(speed[2]))",
            number(speedup, 2), number(ttftMs.median / 1000, 3), number(ttftRatio, 2),
            number(Double(kvBytes) / 1e6, 1), number(bareTokensPerSecond, 3), number(ofBare, 2),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }
}
