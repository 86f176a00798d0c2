/// The graphs that make up a model, and the files they lie in when they are written to a model folder.
public enum GraphPart: String, Sendable, Hashable, CaseIterable, Codable {
    case vision
    case projector
    case textEmbeddings = "text_embeddings"
    case languageModel = "language_model"

    /// The IR's text. The language model's and the token table's names are those of optimum-intel's exports.
    public var xmlName: String { stem + ".xml" }
    /// The IR's weights.
    public var binName: String { stem + ".bin" }

    private var stem: String {
        switch self {
        case .vision: "openvino_vision_model"
        case .projector: "openvino_projector_model"
        case .textEmbeddings: "openvino_text_embeddings_model"
        case .languageModel: "openvino_language_model"
        }
    }
}
