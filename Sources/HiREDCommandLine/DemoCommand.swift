import ArgumentParser
import Foundation
import HiRED
import HiREDInference
import ImageProcessing
import Reporting

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Answer questions about bundled pictures at several budgets.",
        discussion: """
            The bundled model is small, was trained on pictures drawn by a program, and reads nothing else. It shows \
            that everything from picture to answer works, and what dropping tokens does.
            """)

    @Option(help: "The demo's model folder, with samples/questions.json in it.")
    var model: String?

    @Option(help: "Where the page is written.")
    var output = "demo-output"

    @OptionGroup(title: "Model") var loading: ModelArguments

    struct Configuration {
        var name: String
        var strategy: StrategyName
        var budget: String
    }

    static let configurations = [
        Configuration(name: "full", strategy: .full, budget: "full"),
        Configuration(name: "HiRED 40%", strategy: .hired, budget: "40%"),
        Configuration(name: "HiRED 20%", strategy: .hired, budget: "20%"),
        Configuration(name: "HiRED 10%", strategy: .hired, budget: "10%"),
        Configuration(name: "uniform 20%", strategy: .uniform, budget: "20%"),
    ]

    private struct Sample: Decodable {
        struct Question: Decodable {
            var question: String
            var answer: String
        }
        var image: String
        var questions: [Question]
    }

    func run() async throws {
        let folder = try Self.folder(model)
        let samplesURL = folder.appending(path: "samples")
        guard let data = try? Data(contentsOf: samplesURL.appending(path: "questions.json")),
            let samples = try? JSONDecoder().decode([Sample].self, from: data)
        else {
            throw CommandError(
                .noInput, "\(samplesURL.path)/questions.json cannot be read; restore the folder Models/demo")
        }
        let model = try loading.load(folder.path)
        // The first run of each shape prepares kernels; the table shows what a second picture costs.
        if let first = samples.first, let question = first.questions.first {
            for configuration in Self.configurations {
                _ = try await answer(first.image, question.question, configuration, samplesURL, model)
            }
        }
        var page = DemoReport()
        for (number, sample) in samples.enumerated() {
            // The first question about what is written or drawn; asking all would only be longer.
            guard let question = sample.questions.first(where: { !$0.question.hasPrefix("Is there") }) else { continue }
            Progress.show("question \(number + 1) of \(samples.count), at every budget …")
            var rows: [DemoReport.Row] = []
            for configuration in Self.configurations {
                let result = try await answer(sample.image, question.question, configuration, samplesURL, model)
                let isRight = result.answer.trimmingCharacters(in: .whitespaces) == question.answer
                rows.append(.init(configuration.name, result, isRight: isRight))
            }
            var options = SelectionOptions()
            options.budget = try TokenBudget(parsing: "20%")
            let url = samplesURL.appending(path: sample.image)
            let selected = try await model.select(.file(url), options: options)
            try page.add(question: question.question, answer: question.answer, rows: rows, selection: selected)
        }
        Progress.clear()
        Output.line(page.text)
        let outputURL = URL(fileURLWithPath: output).appending(path: "index.html")
        do { try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true) } catch {
            throw CommandError(.cannotCreate, "\(output) cannot be created: \(error.localizedDescription)")
        }
        try Output.save(Data(page.html().utf8), to: outputURL.path)
        Output.line("\nThe kept tokens of each picture: \(outputURL.path)")
    }

    private func answer(
        _ image: String, _ question: String, _ configuration: Configuration, _ folder: URL,
        _ model: VisionLanguageModel
    ) async throws -> GenerationResult {
        var selection = SelectionOptions()
        selection.strategy = configuration.strategy
        selection.budget = try TokenBudget(parsing: configuration.budget)
        var request = GenerationRequest(
            GenerationRequest.question(question, imageCount: 1), images: [.file(folder.appending(path: image))],
            selection: selection, maximumTokens: 64)
        // Every budget pays for its own pictures.
        request.reusesCaches = false
        var last: GenerationResult?
        for try await event in model.generate(request) {
            if case .finished(let result) = event { last = result }
        }
        guard let last else { throw CommandError(.internalFailure, "the answer broke off") }
        return last
    }

    /// Given, or where an installation or a clone has it, seen from the program itself and from the current folder.
    static func folder(_ given: String?) throws -> URL {
        if let given { return URL(fileURLWithPath: given) }
        // A name below the current folder, since the search begins above each.
        var starts = [URL(fileURLWithPath: FileManager.default.currentDirectoryPath).appending(path: "-")]
        // Where it really lies, however it was found: through PATH, or a link.
        if let program = Bundle.main.executableURL { starts.insert(program.resolvingSymlinksInPath(), at: 0) }
        for start in starts {
            var folder = start
            while folder.path != "/" {
                folder.deleteLastPathComponent()
                for place in ["share/hired/models/demo", "Models/demo"] {
                    let candidate = folder.appending(path: place)
                    if FileManager.default.fileExists(atPath: candidate.appending(path: "config.json").path) {
                        return candidate
                    }
                }
            }
        }
        throw CommandError(.noInput, "the demo's model is not found; install the program with it, or give --model")
    }
}
