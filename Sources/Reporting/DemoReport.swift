import Foundation
package import HiREDInference

/// What the demo's page shows.
package struct DemoReport: Codable, Sendable, Equatable {
    /// One answer, under one budget.
    package struct Row: Codable, Sendable, Equatable {
        package var name: String
        package var tokens: Int
        package var ttftMs: Double
        package var answer: String
        package var isRight: Bool
        /// Which tokens of each partition reached the language model, a letter for each.
        package var kept: [String]

        package init(_ name: String, _ result: GenerationResult, isRight: Bool) {
            self.name = name
            tokens = result.images.reduce(0) { $0 + $1.kept }
            ttftMs = result.timings.timeToFirstToken
            answer = result.answer
            self.isRight = isRight
            kept = result.images.flatMap(\.keptLetters)
        }
    }

    package struct Sample: Codable, Sendable, Equatable {
        package var question: String
        package var answer: String
        package var rows: [Row]
        package var full: Int
        package var views: [KeptTokenView]
    }

    /// All samples under one budget.
    package struct Summary: Codable, Sendable, Equatable {
        package var name: String
        package var right: Int
        package var asked: Int
        /// The mean.
        package var tokens: Double
        package var ttftMs: Spread
    }

    /// In the order of the samples' rows.
    package private(set) var summary: [Summary] = []
    package private(set) var samples: [Sample] = []

    package init() {}

    /// - Throws: `ImageError`.
    package mutating func add(question: String, answer: String, rows: [Row], selection: PictureSelection) throws {
        samples.append(
            Sample(
                question: question, answer: answer, rows: rows, full: selection.tokens.full,
                views: try KeptTokenPicture(selection).views()))
        summary = rows.map { row in
            let alike = samples.flatMap(\.rows).filter { $0.name == row.name }
            return Summary(
                name: row.name, right: alike.count(where: \.isRight), asked: alike.count,
                tokens: Double(alike.reduce(0) { $0 + $1.tokens }) / Double(alike.count),
                ttftMs: Spread(alike.map(\.ttftMs)))
        }
    }

    /// The samples, those first whose budgets differ most: the more answers are wrong beside a right one.
    package var byDifference: [Sample] {
        func difference(_ sample: Sample) -> Int {
            sample.rows.contains(where: \.isRight) ? sample.rows.count { !$0.isRight } : 0
        }
        return samples.enumerated()
            .sorted { (-difference($0.element), $0.offset) < (-difference($1.element), $1.offset) }.map(\.element)
    }

    /// For a terminal: right answers, tokens and times by budget, then every question.
    package var text: String {
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        var lines = [
            "",
            "  \("budget".padding(toLength: 12, withPad: " ", startingAt: 0))   right answers   image tokens   first token",
        ]
        for row in summary {
            let name = row.name.padding(toLength: 12, withPad: " ", startingAt: 0)
            lines.append(
                "  \(name) \(padded("\(row.right) of \(row.asked)", 15)) \(padded(String(format: "%.0f", row.tokens), 14))"
                    + padded(String(format: "%.0f ms", row.ttftMs.median), 14))
        }
        for sample in samples {
            lines.append("\n\(sample.question)  (right: \(sample.answer))")
            for row in sample.rows {
                let name = row.name.padding(toLength: 12, withPad: " ", startingAt: 0)
                lines.append("  \(name) \(row.isRight ? "right" : "WRONG")  \(row.answer)")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The page: one file that needs no other. It opens on the picture whose budgets differ most.
    package func html() throws -> String {
        var page = self
        page.samples = byDifference
        return try ReportPage(title: "What HiRED keeps", script: PackageResources.demo_js).html(page)
    }
}
