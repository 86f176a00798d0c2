package import Checkpoints
import ElementTypes
import Foundation
package import OpenVINO

/// An HF checkpoint folder used as it is: graphs are emitted over its mapped weights.
package struct CheckpointSource: GraphSource {
    package let description: ModelDescription
    package let manifest: ModelManifest? = nil
    private let mapped: MappedWeights
    private let weights: Tensor
    private let graphs: CheckpointGraphs
    private let emitted = EmittedVision()

    package init(_ folder: CheckpointFolder) throws {
        description = folder.description
        mapped = try folder.mappedWeights()
        graphs = try CheckpointGraphs(
            folder.config, preprocessor: folder.preprocessor,
            table: WeightTable(try mapped.tensors.values.compactMap(WeightTensor.init)))
        // The runtime asks for a mutable address; it writes nothing there.
        guard let address = mapped.unsafeRange.baseAddress else {
            throw CheckpointError(
                .malformed, file: folder.description.url.path, problem: "it has no weights", remedy: "download it again"
            )
        }
        weights = try Tensor(
            .u8, shape: [mapped.byteCount], memory: UnsafeMutableRawPointer(mutating: address), owner: mapped)
    }

    package func read(_ part: GraphPart, core: Core) throws -> Model {
        if part == .vision { return try readVision(taps: description.config.classAttentionTaps, core: core) }
        let xml = try mapped.place { offset in
            let graph = try graphs.emit(part, constantsOffset: offset)
            return (graph.constants, graph.xml)
        }
        return try core.readModel(xml: xml, weights: weights)
    }

    /// The decoder with the last token's attention in each layer as its outputs.
    func readAttention(core: Core) throws -> Model {
        let xml = try mapped.place { offset in
            let graph = try graphs.languageModel(outputsAttention: true, constantsOffset: offset)
            return (graph.constants, graph.xml)
        }
        return try core.readModel(xml: xml, weights: weights)
    }

    package func readVision(taps: [LayerTap], core: Core) throws -> Model {
        let xml = try emitted.text(taps, of: graphs) { try mapped.place($0) }
        return try core.readModel(xml: xml, weights: weights)
    }

    package func visionWeights(taps: [LayerTap]) throws -> [StoredWeight] { try graphs.visionWeights(taps: taps) }

    package func imageNewline() throws -> [Float] {
        guard description.config.family == .llavaNext else { return [] }
        return try mapped.archive.floats(of: graphs.layout.imageNewline, shape: [description.config.text.hiddenSize])
    }

    package func storedWeights() throws -> [StoredWeight] {
        try GraphPart.allCases.flatMap { part in
            try graphs.emit(part, constantsOffset: 0).weights.map {
                (part, $0.tensor.elementType.rawValue, $0.tensor.byteCount)
            }
        }
    }

    package var releasePages: @Sendable () -> Void { { [mapped] in mapped.releasePages() } }
}
