import ArgumentParser
import Failures
import Foundation
import HiREDInference
import Reporting

struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch", abstract: "Answer a file of questions with one loaded model.",
        discussion: """
            QUESTIONS holds one JSON object a line with image (a path, relative to the file) and question. One line is \
            printed for each, in the same order: its line's number, image and question with the answer, or with an error \
            that says why there is none. The others are answered all the same, and the exit status is 1 at the end.
            """)

    @Argument(help: "The folder of a checkpoint.")
    var model: String

    @Argument(help: "A file of JSON lines; /dev/stdin reads a pipe.")
    var questions: String

    @Option(help: "Questions that are answered at once; as many as the cache holds unless given.")
    var concurrency: Int?

    @OptionGroup(title: "Token selection") var selection: SelectionArguments
    @OptionGroup(title: "Automatic budget") var automatic: AutoBudgetArguments
    @OptionGroup(title: "Model") var loading: ModelArguments
    @OptionGroup(title: "Answer") var sampling: SamplingArguments

    func run() async throws {
        let auto = try automatic.budget(for: selection)
        let options = try selection.options(auto: auto)
        try sampling.validate(prompt: "-")
        if let concurrency, concurrency < 1 {
            throw CommandError(.usage, "concurrency cannot be \(concurrency); give at least 1")
        }
        let questions = try BatchQuestions(path: questions)
        // More than its own limit would be refused by the engine.
        let model = try loading.load(model, settings: sampling.settings()) {
            $0.maximumSequences = max($0.maximumSequences, concurrency ?? 0)
        }
        if auto != nil { try await model.prepareAutoBudget { Progress.show($0) } }
        let requests = questions.lines.map { line in
            Entry(
                line: line.number, question: try? line.question.get(),
                request: Result {
                    var request = try request(
                        for: line.question.get(), in: questions.folder, selection: options, over: model.defaultSampling)
                    request.autoBudget = auto
                    return request
                })
        }
        let failures = try await Self.answer(requests, with: model, atOnce: concurrency)
        if failures > 0 {
            throw CommandError(
                .incomplete, "\(failures) of \(requests.count) questions have no answer; their lines say why")
        }
    }

    private struct Entry: Sendable {
        var line: Int
        var question: BatchQuestions.Question?
        var request: Result<GenerationRequest, any Error>
    }

    private func request(
        for question: BatchQuestions.Question, in folder: URL, selection: SelectionOptions,
        over defaults: SamplingOptions
    ) throws -> GenerationRequest {
        GenerationRequest(
            try sampling.prompt(question.question, imageCount: 1),
            images: [
                try AskCommand.input(
                    URL(fileURLWithPath: question.image, relativeTo: folder).path, pixelLimit: loading.maxPixels)
            ],
            selection: selection, sampling: sampling.options(over: defaults), maximumTokens: sampling.maxTokens)
    }

    /// - Returns: how many lines have no answer.
    private static func answer(
        _ entries: [Entry], with model: VisionLanguageModel, atOnce given: Int?
    ) async throws -> Int {
        let atOnce = given ?? concurrency(entries, model)
        return try await withThrowingTaskGroup(of: (Int, BatchLine).self) { group in
            var (next, printed, failures) = (0, 0, 0)
            var answered: [Int: BatchLine] = [:]
            while printed < entries.count {
                while next < entries.count, next - printed - answered.count < atOnce {
                    let (place, entry) = (next, entries[next])
                    group.addTask { (place, try await line(for: entry, model)) }
                    next += 1
                }
                Progress.show("\(printed + answered.count + 1) of \(entries.count) …")
                guard let (place, line) = try await group.next() else { break }
                answered[place] = line
                while let line = answered.removeValue(forKey: printed) {
                    Progress.clear()
                    try Output.printJSON(line)
                    if line.error != nil { failures += 1 }
                    printed += 1
                }
            }
            return failures
        }
    }

    /// As many as the cache holds of the first question that can be counted; others with more wait inside the engine.
    private static func concurrency(_ entries: [Entry], _ model: VisionLanguageModel) -> Int {
        for entry in entries {
            guard let request = try? entry.request.get(), let count = try? model.count(request) else { continue }
            return model.requestsHeldAtOnce(promptTokens: count.promptTokens, answerTokens: request.maximumTokens)
        }
        return 1
    }

    private static func line(for entry: Entry, _ model: VisionLanguageModel) async throws -> BatchLine {
        do {
            guard let question = entry.question else { _ = try entry.request.get(); throw CancellationError() }
            let request = try entry.request.get()
            while true {
                do {
                    for try await case .finished(let result) in model.generate(request) {
                        return BatchLine(entry.line, question, result: result, tokenizer: model.tokenizer)
                    }
                    throw CancellationError()
                } catch let failure as any Failure where failure.kind == .overloaded && model.isBusy {
                    // Its pictures do not fit beside those of the others; their end makes room.
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        } catch let error as CancellationError {
            throw error
        } catch { return BatchLine(entry.line, entry.question, failure: error) }
    }
}

extension VisionLanguageModel {
    fileprivate var isBusy: Bool {
        let now = statistics()
        return now.waiting + now.running > 0
    }
}
