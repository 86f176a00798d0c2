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

    /// Bytes of each graph's weights, as they are stored.
    func weightBytes(of part: GraphPart) -> Int
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

    func weightBytes(of part: GraphPart) -> Int {
        (try? graphs.emit(part, constantsOffset: 0)).map { $0.weights.reduce(0) { $0 + $1.tensor.byteCount } } ?? 0
    }
}

/// A model folder that `hired import` wrote: graphs are IR files, whose weights the runtime maps.
struct ImportedSource: GraphSource {
    let description: ModelDescription
    let manifest: ModelManifest?
    private let url: URL

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
        self.manifest = manifest
        description = try ModelDescription(contentsOf: url)
    }

    func read(_ part: GraphPart, core: Core) throws -> Model {
        try core.readModel(path: url.appending(path: part.xmlName).path)
    }

    func imageNewline() throws -> [Float] {
        guard description.config.family == .llavaNext else { return [] }
        return try SafetensorsArchive(file: url.appending(path: Self.newlineFile))
            .floats(of: Self.newlineTensor, shape: [description.config.text.hiddenSize])
    }

    func weightBytes(of part: GraphPart) -> Int {
        manifest?.graphs.first { $0.part == part }?.byteCount ?? 0
    }
}
