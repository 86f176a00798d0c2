public import Checkpoints
import Crypto
import ElementTypes
public import Foundation
public import ModelGraphs

/// Turns a checkpoint into a model folder: OpenVINO IR with compressed weights, tokenizer, configuration, manifest.
///
/// Weights stream through buffers of a few megabytes a thread; the folder appears under its name when it is whole.
public struct ModelImporter {
    public struct Options: Sendable {
        public var weights = WeightFormat.int8
        /// Vision tower and projector.
        public var visionWeights = WeightFormat.f16
        /// A folder of optimum-intel's export, whose language model takes the place of the checkpoint's.
        public var languageModel: URL?
        /// Leaves the language model out, and keeps the table of tokens as exact as the checkpoint has it: for hosts whose
        /// language model is served elsewhere.
        public var visionOnly = false
        /// Threads; all cores unless given.
        public var threads: Int?

        public init() {}
    }

    public struct Progress: Sendable {
        /// Bytes of the checkpoint.
        public var done: Int
        public var total: Int
    }

    public struct Summary: Sendable {
        public var manifest: ModelManifest
        /// Bytes of the checkpoint's tensors that were read.
        public var bytesRead: Int
        /// Bytes of the folder's weights.
        public var bytesWritten: Int
    }

    private let options: Options
    private let createdBy: String

    /// - Parameter createdBy: program and version, for the manifest.
    public init(options: Options, createdBy: String) {
        self.options = options
        self.createdBy = createdBy
    }

    /// Imports a checkpoint.
    ///
    /// - Parameter progress: called often, from several threads, never from two at once; may throw (`CancellationError`,
    ///   say) to stop, after which nothing is left on the disk.
    /// - Throws: `CheckpointError`, `GraphError`, `TokenizerError`, `ImportError`, `OpenVINOError`, and what `progress`
    ///   throws.
    @discardableResult
    public func run(
        _ folder: CheckpointFolder, to destination: URL, layoutName: String? = nil,
        progress: (Progress) throws -> Void = { _ in }
    ) throws -> Summary {
        let weights = options.visionOnly ? .f16 : options.weights
        let planner = try ImportPlanner(folder, weights: weights, visionWeights: options.visionWeights)
        let foreign = try options.languageModel.map { try ForeignLanguageModel($0, config: folder.config) }
        let own: [GraphPart] =
            options.visionOnly
            ? [.vision, .projector, .textEmbeddings] : foreign == nil ? GraphPart.allCases : [.vision, .projector]
        let plans = try own.map(planner.plan)
        let files = try SourceFiles(folder)
        let newline =
            folder.config.family == .llavaNext
            ? try folder.weights.floats(of: planner.layout.imageNewline, shape: [folder.config.text.hiddenSize]) : nil

        let weightBytes = plans.reduce(0) { $0 + $1.byteCount } + (foreign?.byteCount ?? 0)
        let otherBytes =
            plans.reduce(0) { $0 + $1.graph.xml.utf8.count } + files.contents.reduce(0) { $0 + $1.data.count }
        let output = try OutputFolder(for: destination, byteCount: weightBytes + otherBytes + (1 << 20))

        for file in files.contents { try output.write(file.data, to: file.name) }
        if let newline { try output.write(NewlineFile.data(newline), to: NewlineFile.name) }
        for plan in plans { try output.write(Data(plan.graph.xml.utf8), to: plan.part.xmlName) }
        try foreign?.copy(to: output)
        let hashes = try withoutActuallyEscaping(progress) { progress in
            try WeightWriter(plans: plans, output: output, progress: progress).run(threads: options.threads)
        }
        let manifest = ModelManifest(
            createdBy: createdBy,
            source: ModelManifest.Source(
                layout: layoutName ?? planner.layout.family.rawValue, modelType: folder.config.modelType,
                files: files.manifestFiles),
            weights: options.visionOnly ? "none" : foreign == nil ? options.weights.rawValue : "openvino",
            visionWeights: options.visionWeights.rawValue, chatTemplate: files.chatTemplate,
            splitsPromptAtImages: files.splitsPromptAtImages,
            graphs: plans.map {
                ModelManifest.Graph(part: $0.part, file: $0.part.xmlName, byteCount: $0.byteCount)
            } + (foreign?.graphs ?? []),
            tensors: zip(plans, hashes).flatMap { plan, hashes in
                zip(plan.items, hashes).map { $0.manifestEntry(part: plan.part, sha256: $1) }
            })
        try output.write(manifest.encoded(), to: ModelManifest.fileName)
        try output.commit()
        return Summary(
            manifest: manifest,
            bytesRead: plans.reduce(0) { $0 + $1.items.reduce(0) { $0 + $1.entry.byteCount } },
            bytesWritten: weightBytes)
    }
}

extension GraphPlan.Item {
    fileprivate func manifestEntry(part: GraphPart, sha256: String) -> ModelManifest.Tensor {
        let (type, group): (String, Int?) =
            switch format {
            case .copy: (entry.elementType.rawValue, nil)
            case .half: ("f16", nil)
            case .int8: ("i8", columns)
            case .int4(let group): ("i4", group)
            }
        return ModelManifest.Tensor(
            name: entry.name, part: part, shape: entry.shape, type: type, groupSize: group, offset: offset,
            byteCount: byteCount, scaleOffset: scaleOffset, sourceType: entry.elementType.rawValue,
            sourceSha256: sha256)
    }
}

/// The embedding that ends a row of tiles: a safetensors file of one f32 tensor [D].
enum NewlineFile {
    static let name = "image_newline.safetensors"

    static func data(_ values: [Float]) -> Data {
        let bytes = 4 * values.count
        var header = #"{"image_newline":{"dtype":"F32","shape":[\#(values.count)],"data_offsets":[0,\#(bytes)]}}"#
        // Values begin at a multiple of 8.
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        var data = Data()
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: header.utf8)
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        return data
    }
}
