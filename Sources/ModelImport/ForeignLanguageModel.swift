import Checkpoints
import Foundation
import ModelGraphs
import OpenVINO

/// A language model and token table that optimum-intel exported, in any of its weight formats.
struct ForeignLanguageModel {
    private let url: URL
    let graphs: [ModelManifest.Graph]
    /// Bytes of weights.
    var byteCount: Int { graphs.reduce(0) { $0 + $1.byteCount } }

    private static let parts: [GraphPart] = [.languageModel, .textEmbeddings]

    /// - Throws: `ImportError.missingFile`, `ImportError.foreignModel`, `OpenVINOError`.
    init(_ url: URL, config: VisionLanguageConfig) throws {
        self.url = url
        graphs = try Self.parts.map { part in
            for name in [part.xmlName, part.binName]
            where !FileManager.default.fileExists(atPath: url.appending(path: name).path) {
                throw ImportError.missingFile(
                    path: url.appending(path: name).path, remedy: "give the folder of an optimum-intel export")
            }
            let size = try ModelFile.byteCount(url.appending(path: part.binName))
            return ModelManifest.Graph(part: part, file: part.xmlName, byteCount: size ?? 0)
        }
        let core = try Core()
        let text = config.text
        let decoder = try core.readModel(path: url.appending(path: GraphPart.languageModel.xmlName).path)
        try require(decoder, PortName.inputsEmbeds, width: text.hiddenSize, among: decoder.inputs())
        try require(decoder, PortName.logits, width: text.vocabularySize, among: decoder.outputs())
        try require(layers: text.layerCount, in: decoder)
        let table = try core.readModel(path: url.appending(path: GraphPart.textEmbeddings.xmlName).path)
        let (inputs, outputs) = (try table.inputs(), try table.outputs())
        guard inputs.count == 1, outputs.count == 1, outputs[0].shape?.last == text.hiddenSize else {
            throw ImportError.foreignModel(
                path: url.appending(path: GraphPart.textEmbeddings.xmlName).path,
                reason: "its token table is not \(text.hiddenSize) wide")
        }
    }

    private func require(_ model: Model, _ name: String, width: Int, among ports: [OpenVINO.Port]) throws {
        let path = url.appending(path: GraphPart.languageModel.xmlName).path
        guard let port = ports.first(where: { $0.name == name }) else {
            throw ImportError.foreignModel(path: path, reason: "it has no port \(name)")
        }
        // A dynamic width says nothing.
        guard let found = port.shape?.last, let found, found != width else { return }
        throw ImportError.foreignModel(path: path, reason: "\(name) is \(found) wide, the checkpoint's \(width)")
    }

    /// One attention node a layer, each with a state of keys and one of values, is what the runtime's paged cache takes.
    private func require(layers: Int, in decoder: Model) throws {
        let path = url.appending(path: GraphPart.languageModel.xmlName).path
        let attention = try decoder.operationCount("ScaledDotProductAttention")
        guard attention == layers else {
            throw ImportError.foreignModel(
                path: path, reason: "it has \(attention) layers of attention, the checkpoint \(layers)")
        }
        let states = try decoder.operationCount("ReadValue")
        guard states == 2 * layers else {
            throw ImportError.foreignModel(
                path: path, reason: "it keeps \(states) states where \(2 * layers) are needed, and must be stateful")
        }
    }

    func copy(to output: OutputFolder) throws {
        for name in Self.parts.flatMap({ [$0.xmlName, $0.binName] }) {
            let (from, to) = (url.appending(path: name).resolvingSymlinksInPath(), output.url.appending(path: name))
            do { try FileManager.default.copyItem(at: from, to: to) } catch {
                throw ImportError.cannotWrite(path: to.path, reason: error.localizedDescription)
            }
        }
    }
}
