import ArgumentParser
import Foundation
import HiREDInference
import OrderedJSON
import Reporting

struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch", abstract: "Answer a file of questions with one loaded model.",
        discussion: """
            QUESTIONS holds one JSON object a line with image (a path, relative to the file) and question. One line \
            with image, question and answer is printed for each.
            """)

    @Argument(help: "The folder of a checkpoint.")
    var model: String

    @Argument(help: "A file of JSON lines.")
    var questions: String

    @OptionGroup(title: "Token selection") var selection: SelectionArguments
    @OptionGroup(title: "Automatic budget") var automatic: AutoBudgetArguments
    @OptionGroup(title: "Model") var loading: ModelArguments
    @OptionGroup(title: "Answer") var sampling: SamplingArguments

    private struct Question: Decodable {
        var image: String
        var question: String
    }

    private struct Answer: Encodable {
        var image: String
        var question: String
        var answer: String
        var imageTokens: Int
        var ttftMs: Double
        /// Left out without an automatic budget.
        var budgetChoice: BudgetChoiceReport?
        /// Left out unless asked for.
        var logprobs: [LogprobsReport]?
    }

    func run() async throws {
        let auto = try automatic.budget(for: selection)
        let options = try selection.options(auto: auto)
        try sampling.validate(prompt: "-")
        guard let text = try? String(contentsOfFile: questions, encoding: .utf8) else {
            throw CommandError(.noInput, "\(questions) cannot be read; give a file of JSON lines")
        }
        let folder = URL(fileURLWithPath: questions).deletingLastPathComponent()
        let items = try text.split(separator: "\n").enumerated().map { number, line in
            guard let item = try? JSONValue(parsing: Array(line.utf8)).decoded(as: Question.self) else {
                throw CommandError(
                    .badData, "\(questions), line \(number + 1): an object with image and question is needed")
            }
            return item
        }
        let model = try loading.load(model, settings: sampling.settings())
        if auto != nil { try await model.prepareAutoBudget { Progress.show($0) } }
        for (number, item) in items.enumerated() {
            Progress.show("\(number + 1) of \(items.count) …")
            var request = GenerationRequest(
                try sampling.prompt(item.question, imageCount: 1),
                images: [try AskCommand.input(URL(fileURLWithPath: item.image, relativeTo: folder).path)],
                selection: options,
                sampling: sampling.options(over: model.defaultSampling), maximumTokens: sampling.maxTokens)
            request.autoBudget = auto
            for try await case .finished(let result) in model.generate(request) {
                Progress.clear()
                try Output.printJSON(
                    Answer(
                        image: item.image, question: item.question, answer: result.answer,
                        imageTokens: result.images.reduce(0) { $0 + $1.kept },
                        ttftMs: result.timings.timeToFirstToken,
                        budgetChoice: result.budgetChoice.map(BudgetChoiceReport.init),
                        logprobs: result.logprobs?.map { LogprobsReport($0, model.tokenizer) }))
            }
        }
    }
}
