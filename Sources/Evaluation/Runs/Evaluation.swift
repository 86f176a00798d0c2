package import Foundation
import Reporting
import Synchronization

/// Asks every question under every configuration, and keeps the answers.
package struct Evaluation: Sendable {
    package var data: [EvaluationData]
    package var configurations: [EvaluationConfiguration]
    /// Questions that are answered at once.
    package var concurrency = 1
    /// Asks the bare question, without the benchmark's instruction: for models that know no instructions. One that names
    /// a choice of ScienceQA has then chosen its letter.
    package var asksPlainly = false
    package var metrics = MetricVersion.paper

    package init(data: [EvaluationData], configurations: [EvaluationConfiguration]) {
        self.data = data
        self.configurations = configurations
    }

    /// How far a run is.
    package struct Progress: Sendable {
        package var done: Int
        package var total: Int
        /// Of these, asked by this run: what the time left follows from.
        package var asked: Int
        package var task: EvaluationTask
        package var configuration: String
        /// The mean score of the task's answers under the configuration so far, 0 to 1.
        package var score: Double
    }

    private struct Job: Sendable {
        var place: Int
        var sample: Sample
        var configuration: EvaluationConfiguration
    }

    /// Runs what is not answered yet, and gives all answers.
    ///
    /// - Parameters:
    ///   - folder: where `answers.jsonl` is, or will be.
    ///   - settings: what else decides the answers; a log of other settings is refused.
    /// - Throws: `EvaluationError`, and what the model throws: what was answered by then is kept.
    package func run(
        with model: some Answering, in folder: URL, settings: RunSettings,
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> EvaluationAnswers {
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw EvaluationError.cannotWrite(path: folder.path, reason: error.localizedDescription)
        }
        let log = try AnswerLog(folder.appending(path: "answers.jsonl"), settings: settings)
        var jobs: [Job] = []
        for (place, data) in data.enumerated() {
            for configuration in configurations {
                jobs += data.samples.map { Job(place: place, sample: $0, configuration: configuration) }
            }
        }
        let meter = Meter(total: jobs.count)
        @Sendable func note(_ job: Job, _ record: AnswerRecord, asked: Bool) {
            let score = self.score(record, job.sample).value
            progress(meter.add(score, record, asked: asked))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for job in jobs {
                let task = data[job.place].task
                let key = AnswerRecord.Key(
                    task: task, sample: job.sample.index, configuration: job.configuration.label)
                if let record = log.record(key) {
                    note(job, record, asked: false)
                    continue
                }
                if running >= max(concurrency, 1) {
                    try await group.next()
                    running -= 1
                }
                try Task.checkCancellation()
                let question = question(job.sample, data[job.place], job.configuration)
                group.addTask {
                    let answer = try await model.answer(question)
                    let record = AnswerRecord(
                        task: task, sample: job.sample.index, configuration: job.configuration.label,
                        answer: answer.text, fullTokens: answer.fullTokens, keptTokens: answer.keptTokens,
                        ttft: answer.ttft, total: answer.total)
                    try log.append(record)
                    note(job, record, asked: true)
                }
                running += 1
            }
            try await group.waitForAll()
        }
        return EvaluationAnswers(self, settings: settings, log: log)
    }

    /// One question under each configuration.
    package var firstQuestions: [EvaluationQuestion] {
        guard let first = data.first else { return [] }
        return configurations.map { question(first.samples[0], first, $0) }
    }

    func score(_ record: AnswerRecord, _ sample: Sample) -> Score {
        var answer = record.answer
        if asksPlainly, record.task == .scienceqa, let place = sample.choices.firstIndex(of: answer) {
            answer = Sample.letter(place)
        }
        return record.task.score(answer, sample, metrics)
    }

    func question(_ sample: Sample, _ data: EvaluationData, _ configuration: EvaluationConfiguration)
        -> EvaluationQuestion
    {
        EvaluationQuestion(
            prompt: asksPlainly ? sample.question : data.task.prompt(sample), picture: data.picture(sample),
            options: configuration.options, maximumTokens: data.task.maximumTokens)
    }

    /// Counts answers, from any task.
    private final class Meter: Sendable {
        private struct Line: Hashable {
            var task: EvaluationTask
            var configuration: String
        }

        private struct Counts {
            var done = 0
            var asked = 0
            var sums: [Line: (sum: Double, count: Int)] = [:]
        }

        private let total: Int
        private let counts = Mutex(Counts())

        init(total: Int) { self.total = total }

        func add(_ score: Double, _ record: AnswerRecord, asked isAsked: Bool) -> Progress {
            let line = Line(task: record.task, configuration: record.configuration)
            return counts.withLock { counts in
                counts.done += 1
                if isAsked { counts.asked += 1 }
                var entry = counts.sums[line] ?? (0, 0)
                entry = (entry.sum + score, entry.count + 1)
                counts.sums[line] = entry
                return Progress(
                    done: counts.done, total: total, asked: counts.asked, task: line.task,
                    configuration: line.configuration, score: entry.sum / Double(entry.count))
            }
        }
    }
}

/// All answers of a run.
package struct EvaluationAnswers: Sendable {
    let evaluation: Evaluation
    let settings: RunSettings
    /// In the order of tasks, configurations and questions.
    let records: [[[AnswerRecord]]]

    init(_ evaluation: Evaluation, settings: RunSettings, log: AnswerLog) {
        self.evaluation = evaluation
        self.settings = settings
        records = evaluation.data.map { data in
            evaluation.configurations.map { configuration in
                data.samples.compactMap {
                    log.record(
                        AnswerRecord.Key(task: data.task, sample: $0.index, configuration: configuration.label))
                }
            }
        }
    }
}
