package import Foundation
import HiRED
package import Reporting

/// What a run came to. The same answers give the same bytes, whether they came in one run or in several.
package struct EvaluationReport: Codable, Sendable, Equatable {
    package var metrics: MetricVersion
    package var settings: [String: String]
    package var tasks: [EvaluationTask]
    package var configurations: [String]
    /// By task, then configuration.
    package var totals: [TaskTotals]

    package init(_ answers: EvaluationAnswers) {
        let evaluation = answers.evaluation
        metrics = evaluation.metrics
        settings = answers.settings.values
        tasks = evaluation.data.map(\.task)
        configurations = evaluation.configurations.map(\.label)
        totals = []
        for (data, ofTask) in zip(evaluation.data, answers.records) {
            for (configuration, records) in zip(evaluation.configurations, ofTask) {
                let samples = records.map { data.samples[$0.sample] }
                let scores = zip(records, samples).map { evaluation.score($0, $1) }
                let sums = data.task.totals(samples, scores)
                let kept = Spread(records.map { Double($0.keptTokens) })
                let count = Double(max(records.count, 1))
                totals.append(
                    TaskTotals(
                        task: data.task, configuration: configuration.label, questions: records.count,
                        score: sums.score, scoreLow: sums.low, scoreHigh: sums.high, parts: sums.parts,
                        keptLeast: Int(kept.least), keptMedian: kept.median,
                        keptMean: Double(records.reduce(0) { $0 + $1.keptTokens }) / count, keptMost: Int(kept.most),
                        fullMean: Double(records.reduce(0) { $0 + $1.fullTokens }) / count))
            }
        }
    }

    func total(_ task: EvaluationTask, _ configuration: String) -> TaskTotals? {
        totals.first { $0.task == task && $0.configuration == configuration }
    }

    /// The mean share of tokens that a configuration keeps, over the tasks.
    func keptShare(_ configuration: String) -> Double {
        let mine = totals.filter { $0.configuration == configuration && $0.fullMean > 0 }
        return mine.isEmpty ? 0 : mine.reduce(0) { $0 + $1.keptMean / $1.fullMean } / Double(mine.count)
    }

    /// - Throws: `EncodingError`.
    package func json() throws -> Data { try ReportCoding.encode(self) + Data("\n".utf8) }

    /// One line for each total, one for each of its parts.
    package func csv() -> String {
        func field(_ text: String) -> String {
            text.contains(where: { ",\"\n\r".contains($0) })
                ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text
        }
        var lines = [
            "task,configuration,part,questions,value,low,high,kept_mean,kept_median,kept_least,kept_most,full_mean"
        ]
        for total in totals {
            let name = [total.task.rawValue, total.configuration].map(field).joined(separator: ",")
            lines.append(
                "\(name),,\(total.questions),\(total.score),\(total.scoreLow),\(total.scoreHigh),\(total.keptMean),"
                    + "\(total.keptMedian),\(total.keptLeast),\(total.keptMost),\(total.fullMean)")
            lines += total.parts.map { part in
                let interval = [part.low, part.high].map { $0.map { "\($0)" } ?? "" }.joined(separator: ",")
                return "\(name),\(field(part.name)),\(part.count),\(part.value),\(interval),,,,,"
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The paper's table: a row for each configuration, a column for each task.
    package func markdown() -> String {
        func number(_ value: Double) -> String { String(format: "%.1f", value) }
        var lines = [
            "| | tokens kept | " + tasks.map(\.title).joined(separator: " | ") + " |",
            "|---|---|" + String(repeating: "---|", count: tasks.count),
        ]
        for configuration in configurations {
            let cells = tasks.map { task in
                total(task, configuration).map { "\(number($0.score)) ± \(number(($0.scoreHigh - $0.scoreLow) / 2))" }
                    ?? ""
            }
            lines.append(
                "| \(configuration) | \(number(100 * keptShare(configuration))) % | " + cells.joined(separator: " | ")
                    + " |")
        }
        let counts = tasks.map { task in
            "\(task.title) \(totals.first { $0.task == task }?.questions ?? 0)"
        }
        let isOwn = tasks == [.questions]
        let asked =
            "± is half of the 95 % interval. Questions: "
            + (isOwn ? "\(totals.first?.questions ?? 0)" : counts.joined(separator: ", ")) + "."
        if isOwn {
            lines += ["", "Per cent exactly right; \(asked)"]
        } else {
            lines += [
                "",
                "Per cent; OCRBench in right answers, MME in points of perception. \(asked) Metrics of lmms-eval "
                    + (metrics == .paper ? "0.1.2, as in the paper." : "0.7."),
            ]
        }
        return (lines + kinds()).joined(separator: "\n") + "\n"
    }

    /// A row for each kind of question, a column for each configuration.
    private func kinds() -> [String] {
        let mine = configurations.compactMap { total(.questions, $0) }
        guard let names = mine.first?.parts.map(\.name), !names.isEmpty else { return [] }
        let rows = names.map { name in
            let parts = mine.map { total in total.parts.first { $0.name == name } }
            let cells = parts.map { part in
                part.map { String(format: "%.0f (%.0f-%.0f)", $0.value, $0.low ?? 0, $0.high ?? 0) } ?? ""
            }
            return "| \(name) | \(parts.first??.count ?? 0) | " + cells.joined(separator: " | ") + " |"
        }
        return [
            "", "| kind | questions | " + mine.map(\.configuration).joined(separator: " | ") + " |",
            "|---|---|" + String(repeating: "---|", count: mine.count),
        ] + rows + ["", "Per cent exactly right, with 95 % intervals."]
    }
}

/// How long answers took: apart from what they came to, since no two runs take the same time.
package struct SpeedReport: Codable, Sendable, Equatable {
    package struct Row: Codable, Sendable, Equatable {
        package var task: EvaluationTask
        package var configuration: String
        /// Milliseconds.
        package var ttft: Spread
        package var total: Spread
    }

    package var rows: [Row]

    package init(_ answers: EvaluationAnswers) {
        rows = []
        for (data, ofTask) in zip(answers.evaluation.data, answers.records) {
            for (configuration, records) in zip(answers.evaluation.configurations, ofTask) {
                rows.append(
                    Row(
                        task: data.task, configuration: configuration.label, ttft: Spread(records.map(\.ttft)),
                        total: Spread(records.map(\.total))))
            }
        }
    }

    package func json() throws -> Data { try ReportCoding.encode(self) + Data("\n".utf8) }
}
