import ArgumentParser
import Evaluation
import Foundation
import HiREDInference
import Reporting

struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Score a model on the paper's benchmarks, under several strategies and budgets.",
        discussion: """
            Example: hired eval textvqa docvqa --model llava-1.6 --data DATA --budgets full,40%,20% \
            --strategies hired,prumerge+,spatial

            DATA holds TASK.jsonl with its pictures, as tools/datasets/convert.py writes it. Answers are kept as they \
            come, so a run that was stopped goes on where it was; the results do not depend on it.

            hired eval demo draws eight small tasks for the demo model and runs them; with --data SET it asks what \
            SET/questions.jsonl holds in their place: image, kind, question and answer on each line. The task questions \
            does so for any model.
            """)

    @Argument(help: "Tasks: \(EvaluationTask.allCases.map(\.rawValue).joined(separator: ", ")); or demo.")
    var tasks: [String]

    @Option(help: "The folder of a model; for demo the bundled one unless given.")
    var model: String?

    @Option(
        help: "Ask a running server, as in http://127.0.0.1:8000, in place of a model's folder; --model is its name.")
    var server: String?

    @Option(help: "The server's key.")
    var apiKey: String?

    @Option(help: "The folder of the data sets; for demo one with questions.jsonl, if its tasks are not to be drawn.")
    var data: String?

    @Option(help: "Budgets, with commas between them.")
    var budgets = "full,40%,20%,10%"

    @Option(help: "Strategies, with commas between them.")
    var strategies = "hired,prumerge,prumerge+,spatial,uniform,random"

    @Option(help: "Questions of each task, from the first on; all unless given.")
    var limit: Int?

    @Option(help: "Questions that are answered at once.")
    var concurrency = 1

    @Option(help: "Whose metrics: paper (lmms-eval 0.1.2) or current (0.7).")
    var metrics = MetricVersion.paper.rawValue

    @Option(
        help: """
            Chat template: original (the conversation tables of the original models, which the paper's runs used), auto \
            (the checkpoint's own), vicuna, mistral, llama3 or chatml. For demo auto unless given.
            """)
    var template: String?

    @Option(help: "Where answers and reports are written.")
    var output = "eval-output"

    @Option(help: "Wrong answers of each task that the page shows.")
    var examples = 1

    @Option(help: "Seed of the pictures that demo draws. (default: 1)")
    var seed: UInt64?

    @OptionGroup(title: "Ablations") var ablations: AblationArguments
    @OptionGroup(title: "Model") var loading: ModelArguments

    func run() async throws {
        let isDemo = tasks == ["demo"]
        let isDrawn = isDemo && data == nil
        let names = isDemo ? [EvaluationTask.questions.rawValue] : tasks
        let tasks = isDrawn ? EvaluationTask.benchmarks : try names.map { try EvaluationTask(parsing: $0) }
        guard let metrics = MetricVersion(rawValue: metrics) else {
            throw CommandError(.usage, "unknown metrics '\(metrics)'; give paper or current")
        }
        for (name, value) in [("concurrency", concurrency), ("limit", limit ?? 1), ("examples", examples + 1)]
        where value < 1 { throw CommandError(.usage, "\(name) cannot be \(value); give at least 1") }
        let configurations = try configurations()
        let path = server == nil ? try modelPath(isDemo: isDemo) : ""
        let output = URL(fileURLWithPath: output)
        let folder = try isDrawn ? demoData(output) : dataFolder()
        var evaluation = Evaluation(
            data: try tasks.map { try EvaluationData($0, in: folder, limit: limit) }, configurations: configurations)
        (evaluation.metrics, evaluation.concurrency, evaluation.asksPlainly) = (metrics, concurrency, isDemo)

        var settings = ["data": isDrawn ? "demo, seed \(seed ?? 1)" : folder.standardizedFileURL.lastPathComponent]
        if let server {
            guard template == nil else {
                throw CommandError(.usage, "a server has its own template; leave --template out")
            }
            let model = try await ServedModel(server, name: model, key: apiKey)
            settings["model"] = "\(model.name) at \(server)"
            return try await run(evaluation, model, settings, output)
        }
        let loaded = try loading.load(path) { $0.maximumSequences = max($0.maximumSequences, concurrency) }
        try ablations.check(loaded)
        let name = template ?? (isDemo ? "auto" : "original")
        let model = LoadedModel(loaded, template: try Self.template(name, for: loaded))
        settings["model"] = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
        settings["template"] = name
        settings["precision"] = loading.precision
        settings["kv precision"] = loading.kvPrecision
        try await run(evaluation, model, settings, output)
    }

    private func run(_ evaluation: Evaluation, _ model: some Answering, _ settings: [String: String], _ output: URL)
        async throws
    {
        try await warmUp(evaluation, model)
        let start = ContinuousClock.now
        let answers = try await evaluation.run(with: model, in: output, settings: RunSettings(settings)) { progress in
            HiREDCommandLine.Progress.show(Self.line(progress, seconds: (ContinuousClock.now - start) / .seconds(1)))
        }
        HiREDCommandLine.Progress.clear()
        try await save(answers, model, to: output)
    }

    private func configurations() throws -> [EvaluationConfiguration] {
        let strategies = try strategies.split(separator: ",").map { try StrategyName(parsing: String($0)) }
        let budgets = try budgets.split(separator: ",").map { try TokenBudget(parsing: String($0)) }
        return try EvaluationConfiguration.all(
            strategies: strategies, budgets: budgets, variants: try ablations.variants())
    }

    private func dataFolder() throws -> URL {
        guard let data else {
            throw CommandError(.usage, "--data is missing; give the folder that holds TASK.jsonl and its pictures")
        }
        guard seed == nil else {
            throw CommandError(.usage, "seed draws demo's pictures; leave it or --data out")
        }
        return URL(fileURLWithPath: data)
    }

    /// Drawn once; the pictures of another seed are others.
    private func demoData(_ output: URL) throws -> URL {
        let seed = seed ?? 1
        let folder = output.appending(path: "data-\(seed)")
        try DemoTasks(seed: seed).write(to: folder, count: 12)
        return folder
    }

    private func modelPath(isDemo: Bool) throws -> String {
        if let model { return model }
        guard isDemo else { throw CommandError(.usage, "--model is missing; give the folder of a model") }
        return try DemoCommand.folder(nil).path
    }

    /// The first answers of each shape prepare kernels: nobody's time to the first token is to pay for that.
    private func warmUp(_ evaluation: Evaluation, _ model: some Answering) async throws {
        for question in evaluation.firstQuestions { _ = try await model.answer(question) }
    }

    static func template(_ name: String, for model: VisionLanguageModel) throws -> ChatTemplate? {
        switch name {
        case "auto": return nil
        case "original":
            let text = model.description.config.text
            switch text.family {
            case .mistral: return .mistral
            case .qwen2, .qwen3: return .chatML
            // The vocabulary of Llama 3 is four times that of Llama 2.
            case .llama: return text.vocabularySize > 100_000 ? .llama3 : .vicuna
            }
        default:
            guard let named = ChatTemplate.named.first(where: { $0.name == name && name != "raw" }) else {
                throw CommandError(
                    .usage, "unknown template '\(name)'; give one of original, auto, vicuna, mistral, llama3, chatml")
            }
            return named.template
        }
    }

    static func line(_ progress: Evaluation.Progress, seconds: Double) -> String {
        let pace = progress.asked > 0 ? seconds / Double(progress.asked) : 0
        let left = Int(pace * Double(progress.total - progress.done))
        let time = left >= 3600 ? "\(left / 3600) h \(left / 60 % 60) min" : "\(left / 60) min \(left % 60) s"
        return String(
            format: "%d of %d  %@ %@: %.1f %%  %@ left", progress.done, progress.total, progress.task.title,
            progress.configuration, 100 * progress.score, time)
    }

    private func save(_ answers: EvaluationAnswers, _ model: some Answering, to folder: URL) async throws {
        let report = EvaluationReport(answers)
        func save(_ data: Data, _ name: String) throws { try Output.save(data, to: folder.appending(path: name).path) }
        try save(report.json(), "results.json")
        try save(Data(report.csv().utf8), "results.csv")
        try save(Data(report.markdown().utf8), "results.md")
        try save(SpeedReport(answers).json(), "speed.json")
        let page = try await EvaluationPage(answers, model: model, examples: examples)
        try save(Data(page.html().utf8), "report.html")
        Output.write(report.markdown())
        Output.line("\n\(folder.appending(path: "report.html").path)")
    }
}

/// What the paper's ablations change, each as a list: every combination is run.
struct AblationArguments: ParsableArguments {
    @Option(help: "The full view's shares of the budget, as in 0,0.25,0.5,0.75,1 (Figure 6).")
    var alphas: String?

    @Option(help: "Ways of sharing the budget out, as in paper,released-code,even (Table 5).")
    var allocations: String?

    @Option(help: "Row separators: dropped, kept, or both with a comma.")
    var separators: String?

    @Option(help: "Position ids of kept tokens: packed, original, or both with a comma.")
    var positions: String?

    @Option(help: "Layers whose attention scores the tiles, counted from 0 (Table 5).")
    var initLayers: String?

    @Option(help: "Layers whose attention ranks the tokens, counted from 0 (Table 5).")
    var finalLayers: String?

    @Option(help: "sum, or single heads in its place, as in sum,0,7 (Table 5).")
    var heads: String?

    private func numbers(_ list: String?, _ name: String) throws -> [Int] {
        try (list ?? "").split(separator: ",").map { text in
            guard let number = Int(text), number >= 0 else {
                throw CommandError(.usage, "\(name) cannot hold '\(text)'; give numbers from 0 on")
            }
            return number
        }
    }

    func check(_ model: VisionLanguageModel) throws {
        try VisualizeCommand.check(numbers(initLayers, "init-layers"), "init-layers", of: model)
        try VisualizeCommand.check(numbers(finalLayers, "final-layers"), "final-layers", of: model)
    }

    func variants() throws -> [EvaluationConfiguration.Variant] {
        typealias Variant = EvaluationConfiguration.Variant
        let alphas = try (alphas ?? "").split(separator: ",").map { text in
            guard let alpha = Double(text), (0...1).contains(alpha) else {
                throw CommandError(.usage, "alphas cannot hold '\(text)'; give numbers from 0 to 1")
            }
            return Variant(label: "alpha \(text)") { $0.alpha = alpha }
        }
        let allocations = try (allocations ?? "").split(separator: ",").map { text in
            let allocation = try Allocation(parsing: String(text))
            return Variant(label: allocation.rawValue) {
                if $0.strategy.allocations.contains(allocation) { $0.allocation = allocation }
            }
        }
        let separators = try (separators ?? "").split(separator: ",").map { text in
            guard text == "dropped" || text == "kept" else {
                throw CommandError(.usage, "separators cannot hold '\(text)'; give dropped, kept, or both")
            }
            return Variant(label: text == "kept" ? "separators" : "") { $0.keepsSeparators = text == "kept" }
        }
        let positions = try (positions ?? "").split(separator: ",").map { text in
            let positions = try TokenPositions(parsing: String(text))
            return Variant(label: positions == .original ? "original positions" : "") { $0.positions = positions }
        }
        let initial = try numbers(initLayers, "init-layers").map { layer in
            Variant(label: "init \(layer)") { $0.scoringLayer = layer == 0 ? .first : .index(layer) }
        }
        let final = try numbers(finalLayers, "final-layers").map { layer in
            Variant(label: "final \(layer)") { $0.rankingLayer = .index(layer) }
        }
        let heads = try (heads ?? "").split(separator: ",").map { text in
            let head = text == "sum" ? nil : try numbers(String(text), "heads")[0]
            return Variant(label: text == "sum" ? "" : "head \(text)") { $0.head = head }
        }
        return EvaluationConfiguration.combinations([alphas, allocations, separators, positions, initial, final, heads])
    }
}
