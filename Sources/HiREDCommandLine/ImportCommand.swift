import ArgumentParser
import Checkpoints
import Foundation
import HiREDInference
import ModelGraphs
import ModelImport

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Turn a checkpoint into a model folder that loads fast and takes less memory.",
        discussion: """
            CHECKPOINT is a folder of LLaVA-NeXT, LLaVA-1.5 or ShareGPT4V as downloaded, from llava-hf or in the \
            original LLaVA layout, in safetensors or PyTorch .bin files. Nothing in it is executed.

            Example: hired import llava-v1.5-7b llava-int4 --weights int4 --vision-tower clip-vit-large-patch14-336

            The folder holds OpenVINO IR that other tools can open, and appears when it is whole: an interrupted import \
            leaves nothing behind.
            """)

    @Argument(help: "The folder of a checkpoint.")
    var checkpoint: String

    @Argument(help: "The folder to write; must not exist.")
    var destination: String

    @Option(
        help: """
            Weights of the language model: f16, int8 (a byte each, no loss to speak of), int4 (half a byte). int8 unless \
            given.
            """)
    var weights: String?

    @Option(help: "Weights of the vision tower and the projector: f16 or int8.")
    var visionWeights = "f16"

    @Option(help: "The CLIP folder of a checkpoint in the original LLaVA layout that does not hold its own.")
    var visionTower: String?

    @Option(help: "A folder of optimum-intel's export whose language model is to be used.")
    var languageModel: String?

    @Flag(
        help: """
            Leave the language model out: vision tower, projector, tokenizer and table of tokens are enough where vLLM \
            serves it (hired serve --language-model-url).
            """)
    var visionOnly = false

    @Option(help: "Threads; all cores unless given.")
    var threads: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Report: Encodable {
        var destination: String
        var layout: String
        var weights: String
        var bytesRead: Int
        var bytesWritten: Int
        var seconds: Double
        var peakRss: Int
    }

    func run() throws {
        if let threads, threads < 1 { throw CommandError(.usage, "threads cannot be \(threads); give at least 1") }
        if visionOnly, weights != nil || languageModel != nil {
            throw CommandError(
                .usage,
                "vision-only leaves the language model out; leave \(weights != nil ? "--weights" : "--language-model") out"
            )
        }
        var options = try Self.options(weights: weights ?? "int8", visionWeights: visionWeights)
        options.visionOnly = visionOnly
        options.languageModel = languageModel.map { URL(fileURLWithPath: $0) }
        options.threads = threads
        let folder = try CheckpointFolder.open(
            URL(fileURLWithPath: checkpoint), visionTower: visionTower.map { URL(fileURLWithPath: $0) })
        try Self.run(folder, options: options, destination: destination, layoutName: nil, json: json)
    }

    static func options(weights: String, visionWeights: String) throws -> ModelImporter.Options {
        var options = ModelImporter.Options()
        guard let weights = WeightFormat(rawValue: weights) else {
            throw CommandError(.usage, "unknown weights '\(weights)'; give f16, int8 or int4")
        }
        guard let vision = WeightFormat(rawValue: visionWeights), vision != .int4 else {
            throw CommandError(.usage, "unknown vision weights '\(visionWeights)'; give f16 or int8")
        }
        (options.weights, options.visionWeights) = (weights, vision)
        return options
    }

    /// Imports with a progress bar; an interrupt stops it and removes what was written.
    static func run(
        _ folder: CheckpointFolder, options: ModelImporter.Options, destination: String, layoutName: String?, json: Bool
    ) throws {
        let start = ContinuousClock.now
        let interrupt = Interrupt()
        var bar = ProgressBar(unit: "B")
        let importer = ModelImporter(options: options, createdBy: "hired \(HiREDCommand.configuration.version)")
        let summary = try importer.run(
            folder, to: URL(fileURLWithPath: destination), layoutName: layoutName
        ) { progress in
            if interrupt.isRaised { throw CancellationError() }
            bar.show(done: progress.done, total: progress.total)
        }
        Progress.clear()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let report = Report(
            destination: destination, layout: summary.manifest.source.layout, weights: summary.manifest.weights,
            bytesRead: summary.bytesRead, bytesWritten: summary.bytesWritten, seconds: seconds,
            peakRss: MemoryUsage.current().peakResident)
        guard !json else { return try Output.printJSON(report) }
        for note in folder.notes { Output.line("note: \(note)") }
        Output.line(
            "\(destination): \(report.bytesWritten / 1_000_000) MB from \(report.bytesRead / 1_000_000) MB in "
                + "\(String(format: "%.1f", seconds)) s; try: hired ask \(destination) --image PICTURE QUESTION"
                + (options.visionOnly ? " --language-model-url http://HOST:8000/v1" : ""))
    }
}
