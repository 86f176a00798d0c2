public import Foundation

/// What an imported model folder holds, and where it came from: the file `hired.json`.
///
/// It says nothing of the containers that the weights were read from: the same values give the same manifest.
public struct ModelManifest: Codable, Sendable, Hashable {
    public static let fileName = "hired.json"
    public static let currentFormat = 1

    public var format = ModelManifest.currentFormat
    /// The program and version that wrote the folder.
    public var createdBy: String
    public var source: Source
    /// `f16`, `int8`, `int4`, or `openvino` for a language model taken over from another export, `none` for a
    /// folder without one.
    public var weights: String
    public var visionWeights: String
    /// A named chat template to use in place of what the folder's files say (original LLaVA checkpoints).
    public var chatTemplate: String?
    /// The prompt's pieces between pictures are tokenised apart, as the original LLaVA code does.
    public var splitsPromptAtImages: Bool
    public var graphs: [Graph]
    public var tensors: [Tensor]

    public struct Source: Codable, Sendable, Hashable {
        /// `huggingFace`, `huggingFace2025`, `originalLLaVA`, or `synthetic`.
        public var layout: String
        public var modelType: String
        /// The small files that were copied or converted.
        public var files: [File]

        public init(layout: String, modelType: String, files: [File]) {
            self.layout = layout
            self.modelType = modelType
            self.files = files
        }
    }

    public struct File: Codable, Sendable, Hashable {
        public var name: String
        public var sha256: String

        public init(name: String, sha256: String) {
            self.name = name
            self.sha256 = sha256
        }
    }

    public struct Graph: Codable, Sendable, Hashable {
        public var part: GraphPart
        public var file: String
        /// Size of the weights in bytes.
        public var byteCount: Int

        public init(part: GraphPart, file: String, byteCount: Int) {
            self.part = part
            self.file = file
            self.byteCount = byteCount
        }
    }

    /// One tensor of a graph's weights.
    public struct Tensor: Codable, Sendable, Hashable {
        public var name: String
        public var part: GraphPart
        public var shape: [Int]
        /// As OpenVINO names it: f32, f16, bf16, i8, i4.
        public var type: String
        /// Columns that share a scale, for quantised ones.
        public var groupSize: Int?
        /// Place of the values in the graph's weights, in bytes.
        public var offset: Int
        public var byteCount: Int
        /// Place of the scales, f16 [rows, groups].
        public var scaleOffset: Int?
        public var sourceType: String
        /// Of the values as the source held them.
        public var sourceSha256: String

        public init(
            name: String, part: GraphPart, shape: [Int], type: String, groupSize: Int?, offset: Int, byteCount: Int,
            scaleOffset: Int?, sourceType: String, sourceSha256: String
        ) {
            self.name = name
            self.part = part
            self.shape = shape
            self.type = type
            self.groupSize = groupSize
            self.offset = offset
            self.byteCount = byteCount
            self.scaleOffset = scaleOffset
            self.sourceType = sourceType
            self.sourceSha256 = sourceSha256
        }
    }

    public init(
        createdBy: String, source: Source, weights: String, visionWeights: String, chatTemplate: String?,
        splitsPromptAtImages: Bool, graphs: [Graph], tensors: [Tensor]
    ) {
        self.createdBy = createdBy
        self.source = source
        self.weights = weights
        self.visionWeights = visionWeights
        self.chatTemplate = chatTemplate
        self.splitsPromptAtImages = splitsPromptAtImages
        self.graphs = graphs
        self.tensors = tensors
    }
}

// In the file, words of a name are separated by underscores.
extension ModelManifest {
    private enum CodingKeys: String, CodingKey {
        case format, source, weights, graphs, tensors
        case createdBy = "created_by"
        case visionWeights = "vision_weights"
        case chatTemplate = "chat_template"
        case splitsPromptAtImages = "splits_prompt_at_images"
    }
}

extension ModelManifest.Source {
    private enum CodingKeys: String, CodingKey {
        case layout, files
        case modelType = "model_type"
    }
}

extension ModelManifest.Graph {
    private enum CodingKeys: String, CodingKey {
        case part, file
        case byteCount = "byte_count"
    }
}

extension ModelManifest.Tensor {
    private enum CodingKeys: String, CodingKey {
        case name, part, shape, type, offset
        case groupSize = "group_size"
        case byteCount = "byte_count"
        case scaleOffset = "scale_offset"
        case sourceType = "source_type"
        case sourceSha256 = "source_sha256"
    }
}

extension ModelManifest {
    /// Whether a folder is an imported model.
    public static func exists(in folder: URL) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: fileName).path)
    }

    /// The file's text: the same manifest gives the same bytes.
    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }
}
