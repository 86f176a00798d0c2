public import Foundation

/// `generation_config.json`: what ends an answer, and how the checkpoint's authors sample.
///
/// Absent keys take the defaults of Transformers 4.57.6 (`generation/configuration_utils.py`). A checkpoint without
/// the file takes its ids from `config.json`, as `GenerationConfig.from_model_config` does.
public struct GenerationConfig: Sendable, Hashable {
    static let fileName = "generation_config.json"

    public var endTokenIDs: [Int]
    public var beginTokenID: Int?
    public var samples: Bool
    public var temperature: Double
    /// 0 or `nil` is no limit.
    public var topK: Int?
    public var topP: Double
    public var repetitionPenalty: Double
    /// Length of the answer in tokens.
    public var maximumNewTokens: Int?
    /// Length of prompt and answer in tokens.
    public var maximumLength: Int

    /// The values of a checkpoint without the file.
    public init(defaultsFor model: VisionLanguageConfig) {
        endTokenIDs = model.endTokenIDs.isEmpty ? model.text.endTokenIDs : model.endTokenIDs
        beginTokenID = model.text.beginTokenID
        samples = false
        temperature = 1
        topK = 50
        topP = 1
        repetitionPenalty = 1
        maximumNewTokens = nil
        maximumLength = 20
    }

    /// Reads the file of a folder; ids that it leaves out come from `config.json`.
    /// - Throws: `CheckpointError` naming the key.
    public init(folder: URL, model: VisionLanguageConfig) throws {
        let object = try ConfigObject(contentsOf: folder.appendingPathComponent(Self.fileName), name: Self.fileName)
        try self.init(object, model: model)
    }

    init(_ object: ConfigObject, model: VisionLanguageConfig) throws {
        self.init(defaultsFor: model)
        if object.has("eos_token_id") { endTokenIDs = try object.tokenIDs("eos_token_id", default: []) }
        if object.has("bos_token_id") {
            beginTokenID = try object.integer("bos_token_id", default: 0, in: ConfigLimits.tokenID)
        }
        samples = try object.flag("do_sample", default: false)
        if object.has("temperature") {
            temperature = try object.positive("temperature", default: 1, allowsZero: true)
        }
        topK = try object.integerOrNull("top_k", default: topK, in: ConfigLimits.tokenID)
        if object.has("top_p") { topP = try object.positive("top_p", default: 1, allowsZero: true) }
        guard topP <= 1 else { throw object.wrong("top_p", needed: "a number from 0 to 1") }
        if object.has("repetition_penalty") {
            repetitionPenalty = try object.positive("repetition_penalty", default: 1)
        }
        maximumNewTokens = try object.integerOrNull("max_new_tokens", default: nil, in: ConfigLimits.positions)
        maximumLength = try object.integerOrNull("max_length", default: 20, in: ConfigLimits.positions) ?? 20
    }
}
