/// How the tensors of a checkpoint are named.
public struct CheckpointLayout: Sendable, Hashable {
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// llava-hf as first published: `language_model.model.…`, `vision_tower.vision_model.…`.
        case huggingFace
        /// llava-hf as saved since 2025: `model.language_model.…`, `model.vision_tower.vision_model.…`, `lm_head.weight`.
        case huggingFace2025
        /// The original LLaVA and ShareGPT4V: `model.layers.…`, `model.mm_projector.0`.
        case originalLLaVA
        /// InternVL (`-hf`) as Transformers 4.57 saves it: `language_model.model.…`, `vision_tower.encoder.layer.0.…`.
        case internVL
        /// InternVL as newer releases save it: `model.language_model.…`, `model.vision_tower.…`, `lm_head.weight`.
        case internVL2025
    }

    public let family: Family
    /// Before the tower's names.
    public var visionPrefix: String
    /// The tensor behind ``visionPrefix`` that every tower of this layout has.
    public private(set) var classToken = VisionTensorNames.clipClassToken
    /// The projector's layer norm, without `.weight`; nil where it has none.
    public private(set) var projectorNorm: String?
    /// The projector's layers, without `.weight`.
    public let projectorFirst: String
    public let projectorSecond: String
    /// Before `embed_tokens.weight`, `layers.0.` and `norm.weight`.
    public let decoderPrefix: String
    public let head: String
    /// The separator between rows of LLaVA-NeXT's tiles: [decoder width].
    public let imageNewline: String

    public var tokenTable: String { decoderPrefix + "embed_tokens.weight" }

    /// What stands before the tower's tensors in a vision folder of its own (`openai/clip-vit-large-patch14-336`).
    public static let separateVisionPrefix = "vision_model."

    public static let all: [CheckpointLayout] = [
        CheckpointLayout(
            family: .huggingFace, visionPrefix: "vision_tower.vision_model.",
            projectorFirst: "multi_modal_projector.linear_1", projectorSecond: "multi_modal_projector.linear_2",
            decoderPrefix: "language_model.model.", head: "language_model.lm_head.weight",
            imageNewline: "image_newline"),
        CheckpointLayout(
            family: .huggingFace2025, visionPrefix: "model.vision_tower.vision_model.",
            projectorFirst: "model.multi_modal_projector.linear_1",
            projectorSecond: "model.multi_modal_projector.linear_2", decoderPrefix: "model.language_model.",
            head: "lm_head.weight", imageNewline: "model.image_newline"),
        CheckpointLayout(
            family: .originalLLaVA, visionPrefix: "model.vision_tower.vision_tower.vision_model.",
            projectorFirst: "model.mm_projector.0", projectorSecond: "model.mm_projector.2", decoderPrefix: "model.",
            head: "lm_head.weight", imageNewline: "model.image_newline"),
        CheckpointLayout(
            family: .internVL, visionPrefix: "vision_tower.", classToken: VisionTensorNames.internVLClassToken,
            projectorNorm: "multi_modal_projector.layer_norm", projectorFirst: "multi_modal_projector.linear_1",
            projectorSecond: "multi_modal_projector.linear_2", decoderPrefix: "language_model.model.",
            head: "language_model.lm_head.weight", imageNewline: ""),
        CheckpointLayout(
            family: .internVL2025, visionPrefix: "model.vision_tower.",
            classToken: VisionTensorNames.internVLClassToken,
            projectorNorm: "model.multi_modal_projector.layer_norm",
            projectorFirst: "model.multi_modal_projector.linear_1",
            projectorSecond: "model.multi_modal_projector.linear_2", decoderPrefix: "model.language_model.",
            head: "lm_head.weight", imageNewline: ""),
    ]

    /// The layout whose token table and projector are both in `table`; of several, the one whose vision tower is there
    /// too.
    ///
    /// - Throws: ``GraphError/unknownLayout(sample:)`` with a few of the names found.
    public static func detect(in table: WeightTable) throws -> CheckpointLayout {
        let fitting = all.filter { table[$0.tokenTable] != nil && table[$0.projectorFirst + ".weight"] != nil }
        guard let layout = fitting.first(where: { $0.hasVisionTower(in: table) }) ?? fitting.first else {
            throw GraphError.unknownLayout(sample: Array(table.names.prefix(5)))
        }
        return layout
    }

    /// The layout whose vision tower is in `table`, which need hold nothing else.
    static func withVisionTower(in table: WeightTable) -> CheckpointLayout? {
        if let layout = all.first(where: { $0.hasVisionTower(in: table) }) { return layout }
        var separate = all[0]
        separate.visionPrefix = separateVisionPrefix
        return separate.hasVisionTower(in: table) ? separate : nil
    }

    /// Whether the vision tower is in `table` under this layout's names.
    public func hasVisionTower(in table: WeightTable) -> Bool {
        table[visionPrefix + classToken] != nil
    }
}
