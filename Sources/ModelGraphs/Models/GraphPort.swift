/// The names of the graphs' inputs and outputs. Those of the decoder are a contract: `SDPAToPagedAttention` looks for
/// them, and they are what optimum-intel's exports use.
public enum GraphPort {
    /// Vision input: u8 [pictures, height, width, 3].
    public static let pixels = "pixels"
    /// Vision output: f32 [pictures, tokens, width]. Projector input: f32 [tokens, width].
    public static let features = "features"
    /// Projector output: f32 [tokens, decoder width].
    public static let imageEmbeddings = "image_embeddings"
    /// Text-embedding input: i64 [batch, tokens].
    public static let inputIDs = "input_ids"
    /// Decoder input, text-embedding output: f32 [batch, tokens, width].
    public static let inputsEmbeds = "inputs_embeds"
    /// Decoder input: i64 [batch, past + tokens], 0 where a position is padding.
    public static let attentionMask = "attention_mask"
    /// Decoder input: i64 [batch, tokens].
    public static let positionIDs = "position_ids"
    /// Decoder input: i32 [batch], which row of the state continues as which.
    public static let beamIndex = "beam_idx"
    /// Decoder output: f32 [batch, tokens, vocabulary].
    public static let logits = "logits"
}
