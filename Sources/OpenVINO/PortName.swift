/// Names of models' inputs and outputs. Those of the decoder and of its paged form are a contract with every OpenVINO
/// tool: `SDPAToPagedAttention` looks for them, and optimum-intel's exports use them.
public enum PortName {
    /// Decoder input, text-embedding output: f32 [batch, tokens, width].
    public static let inputsEmbeds = "inputs_embeds"
    /// Decoder input: i64 [batch, past + tokens], 0 where a position is padding.
    public static let attentionMask = "attention_mask"
    /// Decoder input: i64 [batch, tokens]; [tokens] when paged.
    public static let positionIDs = "position_ids"
    /// Decoder input: i32 [batch], which row of the state continues as which.
    public static let beamIndex = "beam_idx"
    /// Decoder output: f32 [batch, tokens, vocabulary].
    public static let logits = "logits"
    /// Decoder output in its place: f32 [batch, past + tokens], the last token's attention in a layer.
    public static func attention(_ layer: Int) -> String { "attention.\(layer)" }
    /// Text-embedding input: i64 [batch, tokens].
    public static let inputIDs = "input_ids"

    // Of the paged form.
    public static let pastLengths = "past_lens"
    public static let subsequenceBegins = "subsequence_begins"
    public static let blockIndices = "block_indices"
    public static let blockIndicesBegins = "block_indices_begins"
    public static let maxContextLength = "max_context_len"
    public static let sampledTokensIndices = "sampled_tokens_indices"
    public static let keyCachePrefix = "key_cache."
    public static let valueCachePrefix = "value_cache."
    public static func keyCache(_ layer: Int) -> String { "\(keyCachePrefix)\(layer)" }
    public static func valueCache(_ layer: Int) -> String { "\(valueCachePrefix)\(layer)" }

    /// Vision input: u8 [pictures, height, width, 3].
    public static let pixels = "pixels"
    /// Vision output: f32 [pictures, tokens, width]. Projector input: f32 [tokens, width].
    public static let features = "features"
    /// Output of what compares rows: f32 [rows, rows].
    public static let cosines = "cosines"
    /// Projector output: f32 [tokens, decoder width].
    public static let imageEmbeddings = "image_embeddings"
}
