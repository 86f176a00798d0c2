import Foundation
import HiRED
import Reporting
import Synchronization
import Testing

@testable import Evaluation

/// Runs that stop and go on, logs that were cut, reports.
@Suite struct RunTests {
    /// A folder that goes with the test.
    private final class Folder: Sendable {
        let url = FileManager.default.temporaryDirectory.appending(path: "evaluation-\(UUID().uuidString)")
        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }
    }

    /// Answers by rule, and gives up after so many.
    private final class Rule: Answering {
        struct Stopped: Error {}
        private let left: Mutex<Int>
        init(stopAfter count: Int = .max) { left = Mutex(count) }

        func answer(_ question: EvaluationQuestion) async throws -> EvaluatedAnswer {
            let goesOn = left.withLock { left in
                left -= 1
                return left >= 0
            }
            guard goesOn else { throw Stopped() }
            let kept = try question.options.budget.tokenCount(of: 100)
            // Right for pictures with an even number while enough is kept.
            let number = Int(question.picture.lastPathComponent.filter(\.isNumber)) ?? 0
            let isRight = number % 2 == 0 && kept >= 20
            return EvaluatedAnswer(
                text: isRight ? "right" : "wrong", fullTokens: 110, keptTokens: kept, ttft: Double(number), total: 2)
        }

        func keptTokens(_ question: EvaluationQuestion) async throws -> [KeptTokenView] { [] }
    }

    private func evaluation(_ folder: Folder) throws -> Evaluation {
        let lines = (0..<10).map { #"{"image":"p\#($0).png","question":"q","answers":["right","Right."]}"# }
        try Data(lines.joined(separator: "\n").utf8).write(to: folder.url.appending(path: "docvqa.jsonl"))
        try Data((lines[..<4].joined(separator: "\r\n\n") + "\n").utf8)
            .write(to: folder.url.appending(path: "textvqa.jsonl"))
        var evaluation = Evaluation(
            data: [try EvaluationData(.docvqa, in: folder.url), try EvaluationData(.textvqa, in: folder.url)],
            configurations: try EvaluationConfiguration.all(
                strategies: [.hired, .uniform], budgets: [.full, .tokens(20), .tokens(5)]))
        evaluation.concurrency = 3
        return evaluation
    }

    private let settings = RunSettings(["model": "rule", "precision": "f32"])

    @Test func runsThatStopGiveWhatOneRunGives() async throws {
        let folder = try Folder()
        let evaluation = try evaluation(folder)
        let straight = folder.url.appending(path: "straight")
        let whole = EvaluationReport(try await evaluation.run(with: Rule(), in: straight, settings: settings))
        let resumed = folder.url.appending(path: "resumed")
        let log = resumed.appending(path: "answers.jsonl")
        for stop in [0, 1, 7, 3, 12, 20] {
            await #expect(throws: Rule.Stopped.self) {
                try await evaluation.run(with: Rule(stopAfter: stop), in: resumed, settings: settings)
            }
            // Killed within a line.
            let bytes = try Data(contentsOf: log)
            try bytes.dropLast(stop % 3).write(to: log)
        }
        let asked = Mutex(0)
        let answers = try await evaluation.run(with: Rule(), in: resumed, settings: settings) { progress in
            asked.withLock { $0 = max($0, progress.asked) }
        }
        #expect(asked.withLock { $0 } < 70 && asked.withLock { $0 } > 0)
        #expect(try EvaluationReport(answers).json() == whole.json())
        #expect(try String(contentsOf: log, encoding: .utf8).split(separator: "\n").count == 71)
        // Nothing is left to ask.
        _ = try await evaluation.run(with: Rule(stopAfter: 0), in: resumed, settings: settings)
    }

    @Test func answersOfAnotherRunAreNotMixedIn() async throws {
        let folder = try Folder()
        let evaluation = try evaluation(folder)
        let output = folder.url.appending(path: "out")
        _ = try await evaluation.run(with: Rule(), in: output, settings: settings)
        let error = await #expect(throws: EvaluationError.self) {
            try await evaluation.run(
                with: Rule(), in: output, settings: RunSettings(["model": "other", "precision": "f32"]))
        }
        #expect(error.map { "\($0)" }?.contains("model was rule, and is other now") == true)
        let log = output.appending(path: "answers.jsonl")
        let text = try String(contentsOf: log, encoding: .utf8)
        try Data((text + "nonsense\n").utf8).write(to: log)
        await #expect(throws: EvaluationError.damagedLog(path: log.path, line: 72)) {
            try await evaluation.run(with: Rule(), in: output, settings: settings)
        }
    }

    @Test func reportsSayWhatTheAnswersSay() async throws {
        let folder = try Folder()
        let evaluation = try evaluation(folder)
        let answers = try await evaluation.run(
            with: Rule(), in: folder.url.appending(path: "out"), settings: settings)
        let report = EvaluationReport(answers)
        #expect(report.configurations == ["full", "hired 20", "hired 5", "uniform 20", "uniform 5"])
        #expect(report.total(.docvqa, "full")?.score == 50)
        #expect(report.total(.docvqa, "hired 20")?.score == 50)
        #expect(report.total(.docvqa, "hired 5")?.score == 0)
        let full = try #require(report.total(.docvqa, "full"))
        // 1.96 · √(0.25 · 10/9 / 10).
        #expect(abs(full.scoreHigh - full.score - 100 * 1.96 * (0.25 / 9).squareRoot()) < 1e-9)
        #expect((full.keptLeast, full.keptMost, full.fullMean) == (100, 100, 110))
        #expect(abs(report.keptShare("hired 20") - 20.0 / 110) < 1e-12)
        #expect(report.markdown().contains("| hired 20 | 18.2 % | 50.0 ± 32.7 | 16.7 ± 17.8 |"))
        #expect(report.csv().split(separator: "\n").count == 11)
        #expect(try ReportCoding.decode(EvaluationReport.self, from: report.json()) == report)
        let speed = SpeedReport(answers)
        #expect(speed.rows[0].ttft.median == 4.5)
        let page = try await EvaluationPage(answers, model: Rule(), examples: 2)
        #expect(
            page.strategies == [
                "full": ["full"], "hired": ["hired 20", "hired 5"], "uniform": ["uniform 20", "uniform 5"],
            ])
        #expect(page.examples.count == 4)
        #expect(page.examples.allSatisfy { $0.answer == "wrong" && $0.right == "Right. / right" })
        let html = try page.html()
        #expect(html.contains("\"configurations\":[\"full\"") && !html.contains("{{"))
        #expect(!html.contains("src=\"http"))
    }

    /// Of the words all are right, or none once too little is kept; of the pages two of five. Wilson's intervals by hand.
    @Test func everyKindOfQuestionHasARow() async throws {
        let folder = try Folder()
        let lines = (0..<10).map { number in
            let (kind, answer) = number % 2 == 0 ? ("word", "right") : ("page", number < 5 ? "wrong" : "right")
            return #"{"image":"p\#(number).png","kind":"\#(kind)","question":"q","answer":"\#(answer)"}"#
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: folder.url.appending(path: "questions.jsonl"))
        let evaluation = Evaluation(
            data: [try EvaluationData(.questions, in: folder.url)],
            configurations: try EvaluationConfiguration.all(strategies: [.hired], budgets: [.full, .tokens(5)]))
        let answers = try await evaluation.run(
            with: Rule(), in: folder.url.appending(path: "out"), settings: settings)
        let report = EvaluationReport(answers)
        let full = try #require(report.total(.questions, "full"))
        #expect(full.score == 70 && abs(full.scoreLow - 39.68) < 0.01 && abs(full.scoreHigh - 89.22) < 0.01)
        #expect(full.parts.map(\.name) == ["page", "word"] && full.parts.map(\.count) == [5, 5])
        let (page, word) = (full.parts[0], full.parts[1])
        #expect(page.value == 40 && word.value == 100 && word.high == 100)
        for (bound, expected) in [(page.low, 11.76), (page.high, 76.93), (word.low, 56.55)] {
            let bound = try #require(bound)
            #expect(abs(bound - expected) < 0.01)
        }
        let table = report.markdown()
        #expect(table.contains("| | tokens kept | Questions |") && table.contains("| full | 90.9 % | 70.0 ± 24.8 |"))
        #expect(table.contains("| kind | questions | full | hired 5 |"))
        #expect(table.contains("| page | 5 | 40 (12-77) | 40 (12-77) |\n| word | 5 | 100 (57-100) | 0 (0-43) |"))
        #expect(table.contains("95 % interval. Questions: 10.\n") && !table.contains("lmms-eval"))
        let rows = report.csv().split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(rows.count == 7 && rows.allSatisfy { $0.count == 12 })
        #expect(rows[2].prefix(5) == ["questions", "full", "page", "5", "40.0"] && rows[2][5].hasPrefix("11.76"))
        #expect(try ReportCoding.decode(EvaluationReport.self, from: report.json()) == report)
        let html = try await EvaluationPage(answers, model: Rule()).html()
        #expect(html.contains(#""low":11.76"#) && html.contains(#""task":"questions""#))
    }

    @Test func modelsThatKnowNoLettersNameTheChoice() throws {
        let folder = try Folder()
        let line = #"{"image":"a","question":"q","choices":["red","blue"],"answer":1,"hint":""}"#
        try Data(line.utf8).write(to: folder.url.appending(path: "scienceqa.jsonl"))
        let data = try EvaluationData(.scienceqa, in: folder.url)
        var evaluation = Evaluation(data: [data], configurations: [])
        func score(_ answer: String) -> Double {
            let record = AnswerRecord(
                task: .scienceqa, sample: 0, configuration: "full", answer: answer, fullTokens: 1, keptTokens: 1,
                ttft: 1,
                total: 1)
            return evaluation.score(record, data.samples[0]).value
        }
        #expect(score("blue") == 0 && score("B") == 1)
        evaluation.asksPlainly = true
        #expect(score("blue") == 1 && score("red") == 0 && score("B") == 1)
    }

    @Test func configurationsAreNamedOnce() throws {
        typealias Variant = EvaluationConfiguration.Variant
        let alphas = [0.25, 0.5].map { alpha in
            Variant(label: alpha == 0.5 ? "" : "alpha \(alpha)") { $0.alpha = alpha }
        }
        let shares = [Allocation.paper, .even].map { share in
            Variant(label: share.rawValue) { if $0.strategy.allocations.contains(share) { $0.allocation = share } }
        }
        let labels = try EvaluationConfiguration.all(
            strategies: [.full, .hired, .prumerge, .prumergePlus, .uniform, .divprune], budgets: [.full, .tokens(9)],
            variants: EvaluationConfiguration.combinations([alphas, [], shares])
        ).map(\.label)
        // Even shares have no alpha; uniform has neither.
        #expect(
            labels == [
                "full", "hired 9 alpha 0.25 paper", "hired 9 paper", "hired 9 even", "prumerge", "prumerge+",
                "uniform 9",
                "divprune 9 alpha 0.25 paper", "divprune 9 paper", "divprune 9 even",
            ])
        #expect(throws: EvaluationError.self) { try EvaluationConfiguration.all(strategies: [.hired], budgets: []) }
    }

    @Test func dataThatIsNotThereIsAnError() throws {
        let folder = try Folder()
        #expect(throws: EvaluationError.self) { try EvaluationData(.pope, in: folder.url) }
        _ = try evaluation(folder)
        #expect(try EvaluationData(.docvqa, in: folder.url, limit: 3).count == 3)
        #expect(throws: EvaluationError.self) { try EvaluationData(.docvqa, in: folder.url, limit: 0) }
    }
}
