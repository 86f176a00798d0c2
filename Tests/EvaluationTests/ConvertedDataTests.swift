import Foundation
import HiRED
import Reporting
import Testing

@testable import Evaluation

/// Eight small data sets with the published columns, as tools/datasets/convert.py writes them (test_convert.py made
/// them), and scores worked out by hand.
@Suite struct ConvertedDataTests {
    /// Says what it is told, in the order of questions.
    private struct Script: Answering {
        var answers: [String: String]

        func answer(_ question: EvaluationQuestion) async throws -> EvaluatedAnswer {
            let text = try #require(answers[question.prompt], "nothing to say to \(question.prompt)")
            #expect(FileManager.default.fileExists(atPath: question.picture.path))
            return EvaluatedAnswer(text: text, fullTokens: 10, keptTokens: 4, ttft: 1, total: 1)
        }

        func keptTokens(_ question: EvaluationQuestion) async throws -> [KeptTokenView] { [] }
    }

    private static func totals(_ task: EvaluationTask, _ answers: [String], _ metrics: MetricVersion) async throws
        -> TaskTotals
    {
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Fixtures/datasets")
        let data = try EvaluationData(task, in: folder)
        #expect(data.count == answers.count)
        let output = FileManager.default.temporaryDirectory.appending(path: "converted-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        var evaluation = Evaluation(
            data: [data], configurations: [EvaluationConfiguration(label: "full", options: SelectionOptions())])
        evaluation.metrics = metrics
        let prompts = data.samples.map { task.prompt($0) }
        #expect(Set(prompts).count == prompts.count)
        let script = Script(answers: Dictionary(uniqueKeysWithValues: zip(prompts, answers)))
        let report = EvaluationReport(
            try await evaluation.run(with: script, in: output, settings: RunSettings([:])))
        return try #require(report.totals.first)
    }

    struct Case: Sendable {
        var task: EvaluationTask
        var answers: [String]
        var paper, current: Double
        var parts: [String: Double] = [:]
    }

    @Test(arguments: [
        // Eight say red and one "Red."; three agree with "two", and all of the others of a "3" make one.
        Case(task: .vqav2, answers: ["Maroon", "two"], paper: 65, current: 65),
        // 0.1.2 knows no small letters.
        Case(task: .scienceqa, answers: ["B. warm", "a"], paper: 50, current: 100),
        Case(task: .textvqa, answers: ["The Nokia"], paper: 100, current: 100),
        // One of six characters.
        Case(task: .docvqa, answers: ["1/8/83"], paper: 100 * 5 / 6, current: 100 * 5 / 6),
        // 0.1.2 lowers what a formula is answered with, and not the formula.
        Case(
            task: .ocrbench, answers: ["the Centre!", "x=Y"], paper: 1, current: 2,
            parts: ["Regular Text Recognition": 1]),
        // Both of a picture right are 200 points, one of them 50; "y" is a yes today.
        Case(
            task: .mme, answers: ["Yes", "No", "y", "No, it is not"], paper: 200, current: 200,
            parts: ["OCR": 200, "perception": 200]),
        Case(
            task: .pope, answers: ["Yes", "No."], paper: 50, current: 50,
            parts: ["precision": 100, "recall": 100, "F1": 100, "yes ratio": 50]),
        // 14.5 lies within 5 % of 14, a half does not of 45 %.
        Case(
            task: .chartqa, answers: ["14.5", "0.5"], paper: 50, current: 50, parts: ["human": 100, "augmented": 0]),
    ])
    func scoresAreThoseWorkedOutByHand(stated: Case) async throws {
        for (metrics, expected) in [(MetricVersion.paper, stated.paper), (.current, stated.current)] {
            let totals = try await Self.totals(stated.task, stated.answers, metrics)
            #expect(abs(totals.score - expected) < 1e-9)
            for (name, value) in stated.parts {
                let part = try #require(totals.parts.first { $0.name == name })
                #expect(abs(part.value - value) < 1e-9)
            }
            guard stated.task == .mme else { continue }
            let cognition = try #require(totals.parts.first { $0.name == "cognition" })
            #expect(cognition.value == (metrics == .paper ? 50 : 200))
        }
    }
}
