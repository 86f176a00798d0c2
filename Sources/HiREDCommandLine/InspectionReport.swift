import Checkpoints
import Foundation
import OpenVINO

/// What `inspect` prints, of a checkpoint and of an imported model alike.
struct InspectionReport: Encodable {
    struct Tower: Encodable { var layers, hiddenSize, heads, imageSize, patchSize, tokensPerView, finalLayer: Int }

    struct Text: Encodable {
        var family: String
        var layers, hiddenSize, heads, keyValueHeads, vocabulary, context: Int
    }

    struct Tensor: Encodable {
        var name: String
        var shape: [Int]
        /// As OpenVINO names it: f32, f16, bf16, i8, i4.
        var type: String
        /// Columns that share a scale.
        var groupSize: Int?
        /// Values and scales.
        var bytes: Int
        /// The file that holds it.
        var file: String

        var elements: Int { shape.reduce(1, *) }
    }

    /// Tensors stored alike.
    struct Weights: Encodable {
        var type: String
        /// Nil for floats, and where a whole row shares a scale.
        var groupSize: Int?
        var tensors: Int
        var bytes: Int
    }

    /// One graph of an imported model.
    struct Graph: Encodable {
        var part: String
        var file: String
        var bytes: Int
        /// Empty for a graph of another exporter, whose tensors are not listed.
        var weights: [Weights]
    }

    /// How an imported model was made.
    struct Import: Encodable {
        var createdBy: String
        var weights: String
        var visionWeights: String
        var graphs: [Graph]
    }

    var family: String
    /// How the checkpoint names its tensors; nil when in no known way.
    var layout: String?
    /// Left out for a checkpoint.
    var imported: Import?
    var preprocessing: String
    var vision: Tower
    var text: Text
    /// [height, width] of each canvas.
    var pinpoints: [[Int]]
    /// The file it is in, or the name of a built-in one.
    var chatTemplate: String?
    var parameters: Int
    var weights: [Weights]
    var weightBytes: Int
    /// Size of the folder's files.
    var diskBytes: Int
    /// What running it takes at least; left out for a checkpoint that must be imported first.
    var memoryBytes: Int?
    /// Activations of the language model that share a scale by default; left out where the runtime chooses.
    var activationGroup: Int?
    var notes: [String]
    var runtime = Core.runtimeVersion
    var tensors: [Tensor]

    init(_ description: ModelDescription, tensors: [Tensor]) {
        let (config, text) = (description.config, description.config.text)
        family = config.family.rawValue
        preprocessing = description.preprocessor.kind.rawValue
        vision = Tower(
            layers: config.vision.layerCount, hiddenSize: config.vision.hiddenSize, heads: config.vision.headCount,
            imageSize: config.vision.imageSize, patchSize: config.vision.patchSize,
            tokensPerView: config.tokensPerView, finalLayer: config.visionFeatureLayerCount - 1)
        self.text = Text(
            family: text.family.rawValue, layers: text.layerCount, hiddenSize: text.hiddenSize, heads: text.headCount,
            keyValueHeads: text.keyValueHeadCount, vocabulary: text.vocabularySize, context: text.maximumPositions)
        pinpoints = config.pinpoints.map { [$0.height, $0.width] }
        chatTemplate = description.chatTemplate?.file
        notes = description.notes
        self.tensors = tensors.sorted { ($0.file, $0.name) < ($1.file, $1.name) }
        weights = Self.summary(tensors)
        weightBytes = tensors.reduce(0) { $0 + $1.bytes }
        diskBytes = Self.size(of: description.url)
        // A head tied to the token table is stored with both.
        let unique = Dictionary(tensors.map { ($0.name, $0.elements) }, uniquingKeysWith: { first, _ in first })
        parameters = unique.values.reduce(0, +)
    }

    /// Tensors counted by type and group, the most bytes first.
    static func summary(_ tensors: [Tensor]) -> [Weights] {
        struct Format: Hashable { var type: String, groupSize: Int? }
        let formats = Dictionary(grouping: tensors) { tensor in
            Format(type: tensor.type, groupSize: tensor.groupSize == tensor.shape.last ? nil : tensor.groupSize)
        }
        return formats.map { format, alike in
            Weights(
                type: format.type, groupSize: format.groupSize, tensors: alike.count,
                bytes: alike.reduce(0) { $0 + $1.bytes })
        }.sorted { ($1.bytes, $0.type, $0.groupSize ?? 0) < ($0.bytes, $1.type, $1.groupSize ?? 0) }
    }

    /// Of the files in a folder, links followed.
    private static func size(of folder: URL) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.reduce(0) { sum, name in
            let path = folder.appending(path: name).resolvingSymlinksInPath().path
            guard let values = try? FileManager.default.attributesOfItem(atPath: path),
                values[.type] as? FileAttributeType == .typeRegular
            else { return sum }
            return sum + (values[.size] as? Int ?? 0)
        }
    }
}
