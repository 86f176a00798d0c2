package import Checkpoints
import ElementTypes
package import Foundation
package import OpenVINO

/// A model folder that `hired import` wrote: graphs are IR files over weights that are mapped here. Vision graphs with
/// other taps are emitted over the same weights, which the manifest lists.
package struct ImportedSource: GraphSource {
    package let description: ModelDescription
    package var manifest: ModelManifest? { contents }
    private let contents: ModelManifest
    private let url: URL
    private let files: [GraphPart: MappedFile]
    private let emitted = EmittedVision()

    /// The separator's file and tensor.
    package static let newlineFile = "image_newline.safetensors"
    package static let newlineTensor = "image_newline"

    /// Bytes of a graph's text; those of the largest models take a few megabytes.
    private static let xmlLimit = 256 << 20

    /// Room for the constants of other vision graphs, a few kilobytes each.
    private static let poolByteCount = 16 << 20

    package init(_ url: URL) throws {
        self.url = url
        let manifest = try ModelManifest(folder: url)
        for graph in manifest.graphs {
            let file = url.appending(path: graph.part.binName)
            let (path, size) = (file.path, try ModelFile.byteCount(file))
            // The runtime would read past the end of a mapped file that was cut short.
            guard let size, size == graph.byteCount else {
                throw CheckpointError(
                    size == nil ? .missing : .malformed, file: path,
                    problem: size.map { "has \($0) bytes instead of \(graph.byteCount)" } ?? "the file does not exist",
                    remedy: "import the checkpoint again")
            }
        }
        contents = manifest
        description = try ModelDescription(contentsOf: url)
        files = Dictionary(
            try manifest.graphs.map {
                (
                    $0.part,
                    try MappedFile(
                        url.appending(path: $0.part.binName),
                        poolByteCount: $0.part == .vision ? Self.poolByteCount : 0)
                )
            }, uniquingKeysWith: { $1 })
    }

    package func read(_ part: GraphPart, core: Core) throws -> Model {
        let path = url.appending(path: part.xmlName).path
        guard let file = files[part] else {
            throw GraphError.manifest(
                path: url.appending(path: ModelManifest.fileName).path, reason: "lists no graph \(part.rawValue)")
        }
        let bytes = try ModelFile.bytes(url.appending(path: part.xmlName), limit: Self.xmlLimit, isText: true)
        guard let xml = String(bytes: bytes, encoding: .utf8) else {
            throw CheckpointError(
                .malformed, file: path, problem: "is not UTF-8 text", remedy: "import the checkpoint again")
        }
        // Mapped here and not by the runtime, so that pages can be given back.
        return try core.readModel(xml: xml, weights: try weights(file, file.unsafeRange))
    }

    package func readVision(taps: [LayerTap], core: Core) throws -> Model {
        guard taps != description.config.classAttentionTaps, let file = files[.vision] else {
            return try read(.vision, core: core)
        }
        let xml = try emitting { graphs in try emitted.text(taps, of: graphs) { try file.place($0) } }
        return try core.readModel(xml: xml, weights: try weights(file, file.unsafeRangeWithPool))
    }

    package func visionWeights(taps: [LayerTap]) throws -> [StoredWeight] {
        guard taps != description.config.classAttentionTaps else {
            return try storedWeights().filter { $0.part == .vision }
        }
        return try emitting { try $0.visionWeights(taps: taps) }
    }

    /// The runtime asks for a mutable address; it writes nothing there.
    private func weights(_ file: MappedFile, _ range: UnsafeRawBufferPointer) throws -> Tensor {
        guard let address = range.baseAddress else { fatalError("a mapped file has an address") }
        return try Tensor(.u8, shape: [range.count], memory: UnsafeMutableRawPointer(mutating: address), owner: file)
    }

    /// - Throws: `GraphError.manifest` where the folder lacks what a graph needs.
    private func emitting<Result>(_ body: (CheckpointGraphs) throws -> Result) throws -> Result {
        let path = url.appending(path: ModelManifest.fileName).path
        do {
            let table = try contents.weightTable(of: .vision)
            guard let layout = CheckpointLayout.withVisionTower(in: table) else {
                throw GraphError.manifest(path: path, reason: "lists no vision tower")
            }
            return try body(
                CheckpointGraphs(
                    description.config, preprocessor: description.preprocessor, table: table, layout: layout))
        } catch GraphError.missingTensor(let name) {
            throw GraphError.manifest(path: path, reason: "does not list \(name), which this strategy reads")
        }
    }

    package func imageNewline() throws -> [Float] {
        guard description.config.family == .llavaNext else { return [] }
        return try SafetensorsArchive(file: url.appending(path: Self.newlineFile))
            .floats(of: Self.newlineTensor, shape: [description.config.text.hiddenSize])
    }

    package func storedWeights() throws -> [StoredWeight] {
        let known = contents.tensors.map { ($0.part, $0.type, $0.byteCount) }
        // A language model of another exporter is not listed by tensor.
        let foreign = contents.graphs.filter { graph in !contents.tensors.contains { $0.part == graph.part } }
        return known + foreign.map { ($0.part, "", $0.byteCount) }
    }

    package var releasePages: @Sendable () -> Void { { [files] in for file in files.values { file.releasePages() } } }
}
