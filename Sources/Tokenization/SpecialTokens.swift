/// The tokens that a tokenizer's files give a part, as chat templates know them (Transformers 4.57.6,
/// `tokenization_utils_base.py`, `special_tokens_map`).
public struct SpecialTokens: Sendable, Equatable {
    /// Texts by name: `bos_token`, `eos_token`, and others where there are such tokens.
    public var named: [String: String]
    /// What templates call `additional_special_tokens`.
    public var additional: [String]

    public init(named: [String: String] = [:], additional: [String] = []) {
        self.named = named
        self.additional = additional
    }

    public init(begin: String, end: String) { self.init(named: [Self.beginName: begin, "eos_token": end]) }

    static let beginName = "bos_token"

    /// Begins a text; nil where there is none.
    var begin: String? { named[Self.beginName].flatMap { $0.isEmpty ? nil : $0 } }
}
