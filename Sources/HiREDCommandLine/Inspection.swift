import Checkpoints
import ElementTypes
import Foundation
import HiREDInference
import ModelGraphs
import Tokenization

/// Reads a model folder of either kind for `inspect`: configuration and headers, no weights.
enum Inspection {
    static func report(_ url: URL, visionTower: URL?) throws -> InspectionReport {
        var report = try weights(url, visionTower: visionTower)
        report.notes += tokenizerNotes(url)
        return report
    }

    /// Settings of the tokenizer that are not known, or why it cannot be read. A checkpoint may have SentencePiece alone.
    private static func tokenizerNotes(_ url: URL) -> [String] {
        let file = url.appending(path: "tokenizer.json")
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        do {
            let unknown = try Tokenizer(contentsOf: file).unknownKeys
            return unknown.isEmpty
                ? [] : ["settings that are not known here are passed over: \(unknown.joined(separator: ", "))"]
        } catch { return ["it cannot be run: \(error)"] }
    }

    private static func weights(_ url: URL, visionTower: URL?) throws -> InspectionReport {
        guard ModelManifest.exists(in: url) else { return try checkpoint(url, visionTower: visionTower) }
        guard visionTower == nil else {
            throw CommandError(.usage, "\(url.path) is imported already and has its vision tower; omit --vision-tower")
        }
        return try imported(url)
    }

    private static func checkpoint(_ url: URL, visionTower: URL?) throws -> InspectionReport {
        let folder = try CheckpointFolder.open(url, visionTower: visionTower)
        let entries = [folder.weights, folder.towerWeights].compactMap { $0 }.flatMap(\.tensors.values)
        let tensors = entries.map { entry in
            InspectionReport.Tensor(
                name: entry.name, shape: entry.shape, type: entry.elementType.safetensorsName.lowercased(),
                groupSize: nil,
                bytes: entry.byteCount, file: URL(fileURLWithPath: entry.file).lastPathComponent)
        }
        var report = InspectionReport(folder.description, tensors: tensors)
        do {
            let table = WeightTable(try folder.weights.tensors.values.compactMap(WeightTensor.init))
            report.layout = try CheckpointLayout.detect(in: table).family.rawValue
        } catch let error as GraphError { report.notes.append("\(error)") }
        do { report.memoryBytes = try VisionLanguageModel.memoryNeeded(for: url) } catch {
            // Missing tensors, say: what they mean for a run stands in the message.
            report.notes.append("it cannot be run: \(error)")
        }
        return report
    }

    private static func imported(_ url: URL) throws -> InspectionReport {
        let manifest = try ModelManifest(folder: url)
        let tensors = manifest.tensors.map { tensor in
            let scales = tensor.groupSize.map { tensor.shape.reduce(1, *) / max($0, 1) } ?? 0
            return InspectionReport.Tensor(
                name: tensor.name, shape: tensor.shape, type: tensor.type, groupSize: tensor.groupSize,
                bytes: tensor.byteCount + 2 * scales, file: tensor.part.binName)
        }
        var report = InspectionReport(try ModelDescription(contentsOf: url), tensors: tensors)
        report.layout = manifest.source.layout
        report.chatTemplate = manifest.chatTemplate.map { "\($0) (built in)" } ?? report.chatTemplate
        report.memoryBytes = try VisionLanguageModel.memoryNeeded(for: url)
        report.activationGroup = try VisionLanguageModel.activationGroup(of: url)
        report.weightBytes = manifest.graphs.reduce(0) { $0 + $1.byteCount }
        report.imported = InspectionReport.Import(
            createdBy: manifest.createdBy, weights: manifest.weights, visionWeights: manifest.visionWeights,
            graphs: manifest.graphs.map { graph in
                InspectionReport.Graph(
                    part: graph.part.rawValue, file: graph.file, bytes: graph.byteCount,
                    weights: InspectionReport.summary(tensors.filter { $0.file == graph.part.binName }))
            })
        return report
    }
}
