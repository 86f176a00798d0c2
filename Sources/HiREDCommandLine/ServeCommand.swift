import ArgumentParser
import Foundation
import HiREDInference
import Logging
import Serving

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Answer questions over HTTP, as OpenAI's API has it.",
        discussion: """
            Example: hired serve Models/demo --port 8080, then open http://127.0.0.1:8080, or point an OpenAI client at \
            http://127.0.0.1:8080/v1.

            Every option can also stand in a JSON file that --config names, under its name without the dashes in front \
            ({"port": 8081, "allow-origin": ["https://example.org"]}), or in an environment variable such as \
            HIRED_SERVE_PORT. The command line counts before the environment, and that before the file.

            With --language-model-url the pictures are read here and the language model by vLLM, which is sent prompts \
            as embeddings: see docs/cluster.md.

            SIGTERM or Ctrl-C ends the server once what it has taken is answered; a second one ends it at once.
            """)

    @Argument(help: "A folder that hired import wrote, or a Hugging Face LLaVA-NeXT or LLaVA-1.5 checkpoint.")
    var model: String?

    @Option(help: "A JSON file of options; the command line and the environment count before it.")
    var config: String?

    @OptionGroup(title: "Where") var place: PlaceArguments
    @OptionGroup(title: "Who may ask") var access: AccessArguments
    @OptionGroup(title: "Token selection") var selection: SelectionArguments
    @OptionGroup(title: "Automatic budget") var automatic: AutoBudgetArguments
    @OptionGroup(title: "Model") var loading: ModelArguments
    @OptionGroup(title: "Language model elsewhere") var elsewhere: RemoteArguments
    @OptionGroup(title: "Answers") var answers: AnswerArguments
    @OptionGroup(title: "Limits") var limits: LimitArguments
    @OptionGroup(title: "Time limits, in seconds") var timeouts: TimeoutArguments

    func run() async throws {
        let settings = ServeSettings(file: config)
        guard let other = try settings.applied(to: Array(CommandLine.arguments.dropFirst(2))) else {
            return try await serve()
        }
        try await other.serve()
    }

    private func serve() async throws {
        guard let model else {
            throw CommandError(.usage, "the model is missing; give a folder, as in hired serve Models/demo")
        }
        let options = try options(for: model)
        let settings = try answers.settings()
        let place = try place.place()
        guard FileManager.default.fileExists(atPath: model) else {
            throw CommandError(.noInput, "\(model) does not exist; give a model's folder")
        }
        let level = try answers.level()
        let server = Server(options, at: place, logger: .server(level: level))
        // Before anything is loaded: an address that is wrong is told at once.
        let remote = try await elsewhere.connect(for: model, concurrency: limits.maxRunning)
        try await server.run(stop: { _exit(ExitStatus.interrupted.rawValue) }) { [loading, limits] in
            try loading.load(model, settings: settings, remote: remote) { limits.apply(to: &$0) }
        }
        // At once: a model that was still being loaded has threads that know nothing of an end.
        _exit(0)
    }

    private func options(for model: String) throws -> ServerOptions {
        var options = ServerOptions(modelName: try answers.name(for: model))
        let targets = try automatic.targets()
        options.usesAutoBudget = selection.budget == "auto"
        options.autoBudget = targets
        if options.usesAutoBudget, targets == nil {
            throw CommandError(
                .usage, "--budget auto has no target; add --max-ttft SECONDS, --max-memory BYTES, or both")
        }
        options.selection = try selection.options(auto: options.usesAutoBudget ? targets : nil)
        options.answerTokens = answers.maxTokens
        options.access = try access.access()
        options.limits = try limits.limits(pixels: loading.maxPixels)
        options.timeouts = try timeouts.timeouts()
        return options
    }
}
