import ArgumentParser
import Foundation
import HiRED
import HiREDInference
import ImageProcessing
import RemoteLanguage
import Tokenization

/// How tokens are chosen; the same for every command.
struct SelectionArguments: ParsableArguments {
    @Option(
        help: """
            Image tokens to keep: a percentage of all (20%), a number (640), full, or, where a question is asked, auto \
            (the most that meets a target). 20% unless given; prumerge and prumerge+ find their own number.
            """)
    var budget: String?

    @Option(help: "The full view's share of the budget, 0 to 1.")
    var alpha = 0.5

    @Option(help: "How tokens are chosen: \(StrategyName.allCases.map(\.rawValue).joined(separator: ", ")).")
    var strategy = "hired"

    @Option(
        help: """
            How the budget is shared out: paper (hired, scope, vispruner unless told otherwise), even, released-code \
            (hired alone), whole (divprune, unless told otherwise).
            """)
    var allocation: String?

    @Option(help: "Seed of the strategy random.")
    var selectionSeed: UInt64 = 0

    @Flag(help: "Keep the separators of rows that keep a token; they count against the budget.")
    var keepSeparators = false

    @Option(help: "Position ids of kept tokens: packed, or original, those that they have without dropping.")
    var positions = "packed"

    @Option(
        name: .customLong("skip-tiles"),
        help: """
            Spend nothing on tiles whose score is under this fraction of an even share, 0 to 1: they are not even \
            encoded. 0 skips none, as the paper does.
            """)
    var emptyTileShare = 0.0

    /// - Parameter auto: stands in for the number that `--budget auto` comes to once the picture is known.
    func options(auto: AutoBudget? = nil) throws -> SelectionOptions {
        if budget == "auto", auto == nil {
            throw CommandError(
                .usage, "--budget auto works where a question is asked; give a percentage, a number of tokens, or full")
        }
        var options = SelectionOptions()
        options.alpha = alpha
        options.strategy = try StrategyName(parsing: strategy)
        if let auto {
            options.budget = .tokens(auto.floor)
        } else if let budget {
            guard options.strategy.takesBudget else {
                throw HiREDError.unusedOption(.budget, strategy: options.strategy)
            }
            options.budget = try TokenBudget(parsing: budget)
        } else {
            options.budget = options.strategy.takesBudget ? try TokenBudget(parsing: "20%") : .full
        }
        options.allocation = try allocation.map(Allocation.init(parsing:))
        options.seed = selectionSeed
        options.keepsSeparators = keepSeparators
        options.positions = try TokenPositions(parsing: positions)
        options.emptyTileShare = emptyTileShare
        _ = try options.makeStrategy()
        return options
    }
}

/// How a model is loaded.
struct ModelArguments: ParsableArguments {
    @Option(help: "Arithmetic: auto (fastest), f32 (exact), bf16.")
    var precision = "auto"

    @Option(help: "Threads; all cores unless given.")
    var threads: Int?

    @Option(help: "Memory for keys and values, as in 2GB; half of what is free unless given.")
    var kvMemory: ByteCount?

    @Option(help: "The largest picture that is read, in pixels.")
    var maxPixels = ImageDecoder.standardPixelLimit

    @Option(help: "Storage of keys and values: auto, u8, f16 or f32.")
    var kvPrecision = "auto"

    @Option(
        help: """
            The language model's activations that share a scale: auto, 32, 64, 128 (faster), or off (more exact).
            """)
    var activationGroups = "auto"

    @Option(help: "What computes, by OpenVINO's name. CPU is the only one that was tried.")
    var device = CompilationOptions.processor

    @Option(help: "What computes the vision tower; the same unless given.")
    var visionDevice: String?

    /// - Parameters:
    ///   - change: what the command asks of the engine besides.
    ///   - settings: the folder's generation settings, which only answers to people obey.
    ///   - remote: computes answers in place of the folder's language model.
    ///   - selectsAlone: nothing is to be answered: a folder without a language model will do.
    func load(
        _ path: String, settings: GenerationSettings = .none, remote: RemoteLanguageServer? = nil,
        selectsAlone: Bool = false,
        _ change: (inout EngineOptions) -> Void = { _ in }
    ) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.remote = remote
        options.selectsAlone = selectsAlone
        options.generationSettings = settings
        guard let precision = Precision(rawValue: precision) else {
            throw CommandError(.usage, "unknown precision '\(precision)'; give auto, f32 or bf16")
        }
        if let threads, threads < 1 { throw CommandError(.usage, "threads cannot be \(threads); give at least 1") }
        guard maxPixels > 0 else { throw CommandError(.usage, "max-pixels cannot be \(maxPixels); give at least 1") }
        options.decoder.pixelLimit = maxPixels
        options.compilation.precision = precision
        options.compilation.threads = threads
        guard let cachePrecision = CachePrecision(rawValue: kvPrecision) else {
            throw CommandError(.usage, "unknown kv-precision '\(kvPrecision)'; give auto, u8, f16 or f32")
        }
        options.compilation.cachePrecision = cachePrecision
        guard let groups = ActivationGroups(rawValue: activationGroups) else {
            throw CommandError(
                .usage, "unknown activation-groups '\(activationGroups)'; give auto, 32, 64, 128 or off")
        }
        options.compilation.activationGroups = groups
        options.compilation.device = device
        options.compilation.visionDevice = visionDevice
        options.engine.cacheBytes = kvMemory?.bytes
        change(&options.engine)
        Progress.show("loading \(path) …")
        defer { Progress.clear() }
        let model = try VisionLanguageModel(contentsOf: URL(fileURLWithPath: path), options: options)
        let unknown = model.description.unknownKeys + model.tokenizer.unknownKeys
        if !unknown.isEmpty {
            Progress.clear()
            Output.note("settings that are not known here are passed over: \(unknown.joined(separator: ", "))")
        }
        return model
    }
}

/// How an answer is drawn.
struct SamplingArguments: ParsableArguments {
    @Option(help: "Where options that are left out come from: the model's generation_config.json (file), or none.")
    var generationSettings = "file"

    @Option(help: "0 takes the likeliest token; higher varies more. 0 unless the model's settings say otherwise.")
    var temperature: Float?

    @Option(help: "Draw among this many likeliest tokens.")
    var topK: Int?

    @Option(help: "Draw among the likeliest tokens that together reach this probability.")
    var topP: Float?

    @Option(help: "Draw among the tokens at least this share as likely as the likeliest, 0 to 1.")
    var minP: Float?

    @Option(help: "Above 1: tokens of the prompt and the answer become less likely.")
    var repetitionPenalty: Float?

    @Option(parsing: .unconditional, help: "Taken from the logits of tokens the answer already holds, -2 to 2.")
    var presencePenalty: Float = 0

    @Option(parsing: .unconditional, help: "The same, once for each time the answer holds the token, -2 to 2.")
    var frequencyPenalty: Float = 0

    @Option(help: "Seed of the draw: the same seed gives the same answer.")
    var seed: UInt64?

    @Option(parsing: .unconditionalSingleValue, help: "The answer ends before this text. Repeat for several.")
    var stop: [String] = []

    @Option(help: "Report, as JSON, each token's log probability and those of this many alternatives, 0 to 20.")
    var logprobs: Int?

    @Option(help: "The longest answer, in tokens.")
    var maxTokens = 256

    @Option(help: "Chat template: auto (the checkpoint's own), vicuna, mistral, llama3, chatml, or raw.")
    var template = "auto"

    /// - Parameter defaults: the model's own.
    func options(over defaults: SamplingOptions) -> SamplingOptions {
        var options = defaults
        options.temperature = temperature ?? options.temperature
        options.topK = topK ?? options.topK
        options.topP = topP ?? options.topP
        options.minP = minP ?? options.minP
        options.repetitionPenalty = repetitionPenalty ?? options.repetitionPenalty
        options.presencePenalty = presencePenalty
        options.frequencyPenalty = frequencyPenalty
        options.seed = seed
        options.stop += stop
        options.logprobs = logprobs
        return options
    }

    func settings() throws -> GenerationSettings {
        guard let settings = GenerationSettings(rawValue: generationSettings) else {
            throw CommandError(.usage, "unknown generation-settings '\(generationSettings)'; give file or none")
        }
        return settings
    }

    func prompt(_ text: String, imageCount: Int) throws -> GenerationRequest.Prompt {
        guard text.contains(where: { !$0.isWhitespace }) else { throw InferenceError.emptyPrompt }
        if template == "raw" { return .raw(text) }
        if template == "auto" { return GenerationRequest.question(text, imageCount: imageCount) }
        guard let named = ChatTemplate.named.first(where: { $0.name == template })?.template else {
            let names = ["auto"] + ChatTemplate.named.map(\.name)
            throw CommandError(.usage, "unknown template '\(template)'; give one of \(names.joined(separator: ", "))")
        }
        return GenerationRequest.question(text, imageCount: imageCount, template: named)
    }

    /// Options are checked before a model is loaded.
    func validate(prompt: String) throws {
        try options(over: .greedy).validate()
        _ = try settings()
        guard maxTokens > 0 else { throw CommandError(.usage, "max-tokens cannot be \(maxTokens); give at least 1") }
        _ = try self.prompt(prompt, imageCount: 1)
    }
}
