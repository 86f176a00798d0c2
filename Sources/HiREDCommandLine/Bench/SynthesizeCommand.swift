import ArgumentParser
import Foundation
import ModelImport

struct SynthesizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synthesize", abstract: "Write a model folder with a published model's shapes and random weights.",
        discussion: """
            For measuring without a download: speed and memory do not depend on the values of weights. Its answers are \
            nonsense.

            Example: hired bench synthesize --like llava-v1.6-vicuna-7b synthetic-7b --weights int4
            """)

    @Option(help: "The model: \(SyntheticModel.allCases.map(\.rawValue).joined(separator: ", ")).")
    var like: String

    @Argument(help: "The folder to write; must not exist.")
    var destination: String

    @Option(help: "Weights of the language model: f16, int8 or int4.")
    var weights = "int4"

    @Option(help: "Weights of the vision tower and the projector: f16 or int8.")
    var visionWeights = "f16"

    @Option(help: "The same seed gives the same weights.")
    var seed: UInt64 = 0

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        guard let model = SyntheticModel(rawValue: like) else {
            let names = SyntheticModel.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandError(.usage, "unknown model '\(like)'; give one of \(names)")
        }
        let options = try ImportCommand.options(weights: weights, visionWeights: visionWeights)
        let scratch = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let checkpoint = try model.checkpoint(in: scratch, seed: seed)
        try ImportCommand.run(
            checkpoint, options: options, destination: destination, layoutName: SyntheticModel.layoutName, json: json)
    }
}
