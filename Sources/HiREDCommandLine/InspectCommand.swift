import ArgumentParser
import Checkpoints
import Foundation
import OpenVINO

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a checkpoint folder holds, without loading the model.")

    @Argument(help: "The folder of a checkpoint.")
    var model: String

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Report: Encodable {
        struct Tower: Encodable { var layers, hiddenSize, heads, imageSize, patchSize, tokensPerView, finalLayer: Int }
        struct Text: Encodable {
            var family: String
            var layers, hiddenSize, heads, keyValueHeads, vocabulary, context: Int
        }
        var family: String
        var preprocessing: String
        var vision: Tower
        var text: Text
        var tensors: Int
        var parameters: Int
        var weightBytes: Int
        var types: [String: Int]
        var pinpoints: [[Int]]
        var chatTemplate: Bool
        var notes: [String]
        var runtime: String
    }

    func run() throws {
        let folder = try CheckpointFolder.open(URL(fileURLWithPath: model))
        let (config, text) = (folder.config, folder.config.text)
        let tensors = folder.weights.tensors.values
        let report = Report(
            family: config.family.rawValue, preprocessing: folder.preprocessor.kind.rawValue,
            vision: .init(
                layers: config.vision.layerCount, hiddenSize: config.vision.hiddenSize, heads: config.vision.headCount,
                imageSize: config.vision.imageSize, patchSize: config.vision.patchSize,
                tokensPerView: config.vision.tokenCount,
                finalLayer: config.visionFeatureLayerCount - 1),
            text: .init(
                family: text.family.rawValue, layers: text.layerCount, hiddenSize: text.hiddenSize,
                heads: text.headCount,
                keyValueHeads: text.keyValueHeadCount, vocabulary: text.vocabularySize, context: text.maximumPositions),
            tensors: tensors.count, parameters: tensors.reduce(0) { $0 + $1.shape.reduce(1, *) },
            weightBytes: tensors.reduce(0) { $0 + $1.byteCount },
            types: tensors.reduce(into: [:]) { $0[$1.elementType.rawValue, default: 0] += 1 },
            pinpoints: config.pinpoints.map { [$0.height, $0.width] }, chatTemplate: folder.chatTemplate != nil,
            notes: folder.notes, runtime: Core.runtimeVersion)
        guard !json else { return try Output.printJSON(report) }
        print(
            "\(report.family), \(report.parameters / 1_000_000) M parameters in \(report.tensors) tensors, \(report.weightBytes / 1_000_000) MB"
        )
        print(
            "vision: \(report.vision.layers) layers of \(report.vision.hiddenSize), \(report.vision.imageSize) pixels a view, \(report.vision.tokensPerView) tokens"
        )
        print(
            "text: \(report.text.family), \(report.text.layers) layers of \(report.text.hiddenSize), context \(report.text.context), vocabulary \(report.text.vocabulary)"
        )
        print(
            "types: " + report.types.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        for note in report.notes { print("note: \(note)") }
        print("runtime: OpenVINO \(report.runtime)")
    }
}
