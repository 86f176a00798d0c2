import Foundation
import HiRED
import Reporting

/// The report as one page.
package struct EvaluationPage: Codable, Sendable, Equatable {
    /// A wrong answer, with what was kept of its picture.
    struct Example: Codable, Sendable, Equatable {
        var task: String
        var configuration: String
        var question: String
        var right: String
        var answer: String
        var views: [KeptTokenView]
    }

    struct Title: Codable, Sendable, Equatable {
        var task: EvaluationTask
        var title: String
        var unit: String
    }

    var titles: [Title]
    var report: EvaluationReport
    var speed: SpeedReport
    /// Configurations by strategy, in the order of tables: a line each in the drawings.
    var strategies: [String: [String]]
    var examples: [Example]

    /// Takes the first wrong answers of each task under a configuration, and has their pictures drawn.
    ///
    /// - Parameter examples: of each task, at most.
    package init(_ answers: EvaluationAnswers, model: some Answering, examples count: Int = 1) async throws {
        report = EvaluationReport(answers)
        speed = SpeedReport(answers)
        titles = report.tasks.map { task in
            Title(
                task: task, title: task.title,
                unit: task == .ocrbench ? "right answers" : task == .mme ? "points" : "%")
        }
        strategies = [:]
        for configuration in answers.evaluation.configurations {
            let full = configuration.options.budget == .full && configuration.options.strategy.takesBudget
            // What an ablation changes is part of a line's name.
            let words = configuration.label.split(separator: " ")
            let changes = words.dropFirst(2).joined(separator: " ")
            let name = full ? "full" : ([String(words[0])] + (changes.isEmpty ? [] : [changes])).joined(separator: " ")
            strategies[name, default: []].append(configuration.label)
        }
        examples = []
        for (data, ofTask) in zip(answers.evaluation.data, answers.records) {
            var left = count
            for (configuration, records) in zip(answers.evaluation.configurations, ofTask).reversed() {
                for record in records where left > 0 {
                    let sample = data.samples[record.sample]
                    guard answers.evaluation.score(record, sample).value == 0 else {
                        continue
                    }
                    let question = answers.evaluation.question(sample, data, configuration)
                    left -= 1
                    examples.append(
                        Example(
                            task: data.task.title, configuration: configuration.label, question: sample.question,
                            right: Set(sample.answers).sorted().joined(separator: " / "), answer: record.answer,
                            views: try await model.keptTokens(question)))
                }
            }
        }
    }

    package func html() throws -> String {
        try ReportPage(title: "Evaluation", script: PackageResources.evaluation_js).html(self)
    }
}
