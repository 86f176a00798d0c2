import ArgumentParser
import Checkpoints
import Foundation
import HiREDInference
import ModelImport

struct ExportLanguageModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-language-model",
        abstract: "Write the language model inside a checkpoint as a folder of its own, for vLLM to serve.",
        discussion: """
            Example: hired export-language-model llava-v1.6-vicuna-7b-hf vicuna-7b, then \
            vllm serve vicuna-7b --enable-prompt-embeds --generation-config vllm.

            DESTINATION becomes a plain Hugging Face folder of a LLaMA, Mistral, Qwen2 or Qwen3 with its tokenizer. Tensors \
            are copied byte by byte under the names of a text model; the generation settings hold nothing but the ids \
            of begin and end. The SHA-256 of every file is printed, that of every tensor with --json.
            """)

    @Argument(help: "The folder of a checkpoint.")
    var checkpoint: String

    @Argument(help: "The folder to write; must not exist.")
    var destination: String

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Report: Encodable {
        struct File: Encodable {
            var name: String
            var sha256: String
        }

        var destination: String
        var architecture: String
        var bytesWritten: Int
        var files: [File]
        var tensors: [LanguageModelExporter.Tensor]
        var seconds: Double
    }

    func run() throws {
        let start = ContinuousClock.now
        let folder = try CheckpointFolder.open(URL(fileURLWithPath: checkpoint))
        let interrupt = Interrupt()
        var bar = ProgressBar(unit: "B")
        let summary = try LanguageModelExporter(folder).run(to: URL(fileURLWithPath: destination)) { progress in
            if interrupt.isRaised { throw CancellationError() }
            bar.show(done: progress.done, total: progress.total)
        }
        Progress.clear()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard !json else {
            return try Output.printJSON(
                Report(
                    destination: destination, architecture: folder.config.text.family.rawValue,
                    bytesWritten: summary.bytesWritten,
                    files: summary.files.map { Report.File(name: $0.name, sha256: $0.sha256) },
                    tensors: summary.tensors, seconds: seconds))
        }
        for file in summary.files { Output.line("\(file.sha256)  \(file.name)") }
        Output.line(
            "\(destination): \(summary.tensors.count) tensors, \(summary.bytesWritten / 1_000_000) MB in "
                + "\(String(format: "%.1f", seconds)) s; try: vllm serve \(destination) --enable-prompt-embeds "
                + "--generation-config vllm")
    }
}
