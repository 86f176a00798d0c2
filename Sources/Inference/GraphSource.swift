import Checkpoints
import Foundation
import HiRED
import ModelGraphs
import OpenVINO

/// Where a model's graphs come from.
protocol GraphSource {
    var description: ModelDescription { get }
    /// The manifest of an imported folder.
    var manifest: ModelManifest? { get }

    /// - Throws: `GraphError`, `CheckpointError`, `OpenVINOError`.
    func read(_ part: GraphPart, core: Core) throws -> Model

    /// The embedding that ends a row of tiles, [D]. Empty for models that have none.
    func imageNewline() throws -> [Float]

    /// Every weight of every graph, as it is stored.
    func storedWeights() throws -> [(part: GraphPart, type: String, byteCount: Int)]

    /// Takes pages of mapped weights out of the process's memory; they come back when they are needed.
    var releasePages: @Sendable () -> Void { get }
}

/// Opens a folder of either kind.
///
/// - Throws: `CheckpointError`, `GraphError`.
func openGraphSource(_ url: URL) throws -> any GraphSource {
    ModelManifest.exists(in: url) ? try ImportedSource(url) : try CheckpointSource(CheckpointFolder.open(url))
}

/// An HF checkpoint folder used as it is: graphs are emitted over its mapped weights.
struct CheckpointSource: GraphSource {
    let description: ModelDescription
    let manifest: ModelManifest? = nil
    private let mapped: MappedWeights
    private let weights: Tensor
    private let graphs: CheckpointGraphs

    init(_ folder: CheckpointFolder) throws {
        description = folder.description
        mapped = try folder.mappedWeights()
        graphs = try CheckpointGraphs(
            folder.config, preprocessor: folder.preprocessor,
            table: WeightTable(try mapped.tensors.values.compactMap(WeightTensor.init)))
        // The runtime asks for a mutable address; it writes nothing there.
        guard let address = mapped.unsafeRange.baseAddress else {
            throw InferenceError.inconsistentModel("it has no weights", remedy: "download it again")
        }
        weights = try Tensor(
            .u8, shape: [mapped.byteCount], memory: UnsafeMutableRawPointer(mutating: address), owner: mapped)
    }

    func read(_ part: GraphPart, core: Core) throws -> Model {
        let xml = try mapped.place { offset in
            let graph = try graphs.emit(part, constantsOffset: offset)
            return (graph.constants, graph.xml)
        }
        return try core.readModel(xml: xml, weights: weights)
    }

    func imageNewline() throws -> [Float] {
        guard description.config.family == .llavaNext else { return [] }
        return try mapped.archive.floats(of: graphs.layout.imageNewline, shape: [description.config.text.hiddenSize])
    }

    func storedWeights() throws -> [(part: GraphPart, type: String, byteCount: Int)] {
        try GraphPart.allCases.flatMap { part in
            try graphs.emit(part, constantsOffset: 0).weights.map {
                (part, $0.tensor.elementType.rawValue, $0.tensor.byteCount)
            }
        }
    }

    var releasePages: @Sendable () -> Void { { [mapped] in mapped.releasePages() } }
}

/// A model folder that `hired import` wrote: graphs are IR files, whose weights the runtime maps.
struct ImportedSource: GraphSource {
    let description: ModelDescription
    var manifest: ModelManifest? { contents }
    private let contents: ModelManifest
    private let url: URL
    private let files: [GraphPart: MappedFile]

    /// The separator's file and tensor.
    static let newlineFile = "image_newline.safetensors"
    static let newlineTensor = "image_newline"

    init(_ url: URL) throws {
        self.url = url
        let manifest = try ModelManifest(folder: url)
        for graph in manifest.graphs {
            let path = url.appending(path: graph.part.binName).path
            let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? nil
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
            uniqueKeysWithValues: try manifest.graphs.map {
                ($0.part, try MappedFile(url.appending(path: $0.part.binName)))
            })
    }

    func read(_ part: GraphPart, core: Core) throws -> Model {
        let path = url.appending(path: part.xmlName).path
        guard let file = files[part], let address = file.unsafeRange.baseAddress,
            let xml = try? String(contentsOfFile: path, encoding: .utf8)
        else {
            throw CheckpointError(
                .missing, file: path, problem: "cannot be read", remedy: "import the checkpoint again")
        }
        // Mapped here and not by the runtime, so that pages can be given back.
        let weights = try Tensor(
            .u8, shape: [file.byteCount], memory: UnsafeMutableRawPointer(mutating: address), owner: file)
        return try core.readModel(xml: xml, weights: weights)
    }

    func imageNewline() throws -> [Float] {
        guard description.config.family == .llavaNext else { return [] }
        return try SafetensorsArchive(file: url.appending(path: Self.newlineFile))
            .floats(of: Self.newlineTensor, shape: [description.config.text.hiddenSize])
    }

    func storedWeights() throws -> [(part: GraphPart, type: String, byteCount: Int)] {
        let known = contents.tensors.map { ($0.part, $0.type, $0.byteCount) }
        // A language model of another exporter is not listed by tensor.
        let foreign = contents.graphs.filter { graph in !contents.tensors.contains { $0.part == graph.part } }
        return known + foreign.map { ($0.part, "", $0.byteCount) }
    }

    var releasePages: @Sendable () -> Void { { [files] in for file in files.values { file.releasePages() } } }
}
