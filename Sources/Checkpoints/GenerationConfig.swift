import Failures
import OrderedJSON

/// `generation_config.json`: what ends an answer, and how the checkpoint's authors draw it.
///
/// Absent keys take the defaults of Transformers 4.57.6 (`generation/configuration_utils.py`). Every value is checked,
/// also where `samples` is false and Transformers would not look at it.
public struct GenerationConfig: Sendable, Equatable {
    static let fileName = "generation_config.json"

    public var endTokenIDs: [Int]
    public var beginTokenID: Int?
    /// Without it the likeliest token is taken, and `temperature`, `topK`, `topP` and `minP` mean nothing.
    public var samples = false
    public var temperature = 1.0
    /// `nil` is no limit.
    public var topK: Int? = 50
    public var topP = 1.0
    public var minP = 0.0
    public var repetitionPenalty = 1.0
    /// Tokens that are never drawn.
    public var suppressedTokens: [Int] = []
    /// Tokens that are never drawn first.
    public var beginSuppressedTokens: [Int] = []
    /// Runs of tokens, of prompt and answer together, that are never completed.
    public var forbiddenWords: [[Int]] = []
    /// No run of so many tokens occurs twice in prompt and answer; 0 is no such rule.
    public var noRepeatRunLength = 0
    /// Tokens that an answer has at least.
    public var minimumNewTokens = 0
    /// Tokens that prompt and answer have at least, together.
    public var minimumLength = 0
    /// Texts that end an answer.
    public var stopTexts: [String] = []
    /// Length of the answer in tokens. Not a default of anything here: the request says how long its answer may be.
    public var maximumNewTokens: Int?
    /// Length of prompt and answer in tokens; likewise.
    public var maximumLength = 20
    /// The settings that are not implemented, each with what to do about it. They do not keep a model from being loaded
    /// without the file's settings.
    public private(set) var refusals: [CheckpointError] = []
    /// What all this was read from: the file, or `config.json` in its place.
    private(set) var source = JSONObject()
    private var file = VisionLanguageConfig.fileName

    /// The values of a checkpoint that sets none.
    public init(defaultsFor model: VisionLanguageConfig) {
        endTokenIDs = model.endTokenIDs.isEmpty ? model.text.endTokenIDs : model.endTokenIDs
        beginTokenID = model.text.beginTokenID
    }

    /// - Throws: the first setting that is not implemented.
    public func check() throws {
        if let refusal = refusals.first { throw refusal }
    }

    /// Refuses ids that the model's table of tokens does not have: none of them could ever be drawn.
    /// - Throws: `CheckpointError` with the id and the table's size.
    public func check(vocabularySize: Int) throws {
        for (key, ids) in [
            ("eos_token_id", endTokenIDs), ("suppress_tokens", suppressedTokens),
            ("begin_suppress_tokens", beginSuppressedTokens), ("bad_words_ids", forbiddenWords.flatMap { $0 }),
        ] {
            guard let id = ids.first(where: { $0 >= vocabularySize }) else { continue }
            throw CheckpointError(
                .malformed, file: file, problem: "\(key) has the token \(id), but the model has \(vocabularySize)",
                remedy: "put the files of one checkpoint together")
        }
    }
}

extension GenerationConfig {
    /// Reads the settings of a folder.
    ///
    /// As in Transformers, those of `config.json` count where there is no file of their own, and where the file was made
    /// from `config.json` (`_from_model_config`), which has other values than its class since. Ids that the settings
    /// leave out come from `config.json`.
    /// - Parameters:
    ///   - file: `generation_config.json`, if there is one.
    ///   - object: `config.json`.
    /// - Throws: `CheckpointError` naming the key.
    init(file: ConfigObject?, config object: ConfigObject, model: VisionLanguageConfig) throws {
        let text = try object.object("text_config")
        if let file, !(try file.flagOrNull("_from_model_config") && Self.sets(object)) {
            try self.init(file, model: model)
        } else {
            try self.init(Self.merged(object, text), model: model)
        }
    }

    init(_ object: ConfigObject, model: VisionLanguageConfig) throws {
        self.init(defaultsFor: model)
        source = object.values
        file = object.file
        if object.has("eos_token_id") { endTokenIDs = try object.tokenIDs("eos_token_id", default: []) }
        if object.has("bos_token_id") {
            beginTokenID = try object.integer("bos_token_id", default: 0, in: ConfigLimits.tokenID)
        }
        samples = try object.flagOrNull("do_sample")
        if object.has("temperature") {
            temperature = try object.single("temperature", allowsZero: !samples)
        }
        topK = try object.integerOrNull("top_k", default: topK, in: ConfigLimits.tokenID)
        if topK == 0 { topK = nil }
        topP = try object.share("top_p", default: 1)
        minP = try object.share("min_p", default: 0)
        if object.has("repetition_penalty") {
            repetitionPenalty = try object.single("repetition_penalty", allowsZero: false)
        }
        suppressedTokens = try object.tokenIDs("suppress_tokens", default: [])
        beginSuppressedTokens = try object.tokenIDs("begin_suppress_tokens", default: [])
        forbiddenWords = try object.tokenRuns("bad_words_ids")
        noRepeatRunLength = try object.count("no_repeat_ngram_size")
        minimumNewTokens = try object.count("min_new_tokens")
        minimumLength = try object.count("min_length")
        stopTexts = try object.texts("stop_strings")
        maximumNewTokens = try object.integerOrNull("max_new_tokens", default: nil, in: ConfigLimits.positions)
        maximumLength = try object.integerOrNull("max_length", default: 20, in: ConfigLimits.positions) ?? 20
        refusals = SettingsTable.generation.refusals(
            of: object, samples: samples, otherwise: .give(.generationSettings, "none"))
    }

    /// Whether the outermost object has generation settings of its own (`_get_non_default_generation_parameters`).
    private static func sets(_ object: ConfigObject) -> Bool {
        object.values.keys.contains { key in
            guard SettingsTable.outer.rules[key] == .generation, let value = object[key], value != .null else {
                return false
            }
            return !(defaults[key].map { $0.isSameSetting(as: value) } ?? false)
        }
    }

    /// The settings of `config.json`: the outermost, or those of `text_config` where that one has the default
    /// (`GenerationConfig.from_model_config`).
    private static func merged(_ object: ConfigObject, _ text: ConfigObject?) -> ConfigObject {
        var values = JSONObject()
        for key in SettingsTable.outer.rules.keys.sorted() where SettingsTable.outer.rules[key] == .generation {
            let isSet = object[key].map { $0 != .null && !(defaults[key].map($0.isSameSetting) ?? false) } ?? false
            if let value = isSet ? object[key] : text?[key] ?? object[key] { values[key] = value }
        }
        return ConfigObject(values, file: object.file)
    }

    private static let defaults: [String: JSONValue] = [
        "max_length": .integer(20), "min_length": .integer(0), "do_sample": .bool(false),
        "early_stopping": .bool(false), "num_beams": .integer(1), "num_beam_groups": .integer(1),
        "diversity_penalty": .integer(0), "temperature": .integer(1), "top_k": .integer(50), "top_p": .integer(1),
        "typical_p": .integer(1), "repetition_penalty": .integer(1), "length_penalty": .integer(1),
        "no_repeat_ngram_size": .integer(0), "encoder_no_repeat_ngram_size": .integer(0),
        "num_return_sequences": .integer(1), "output_scores": .bool(false), "return_dict_in_generate": .bool(false),
        "remove_invalid_values": .bool(false),
    ]
}

extension ConfigObject {
    /// A positive number that single precision can hold.
    fileprivate func single(_ key: String, allowsZero: Bool) throws -> Double {
        let value = try positive(key, default: 1, allowsZero: allowsZero)
        guard Float(value).isFinite, Float(value) > 0 || value == 0 else {
            throw wrong(key, needed: "a positive number of ordinary size")
        }
        return value
    }

    /// A number from 0 to 1; `null` is absent.
    fileprivate func share(_ key: String, default fallback: Double) throws -> Double {
        guard has(key) else { return fallback }
        let share = try positive(key, default: fallback, allowsZero: true)
        guard share <= 1 else { throw wrong(key, needed: "a number from 0 to 1") }
        return share
    }

    /// A whole number; `null` is 0.
    fileprivate func count(_ key: String) throws -> Int {
        try integerOrNull(key, default: 0, in: 0...ConfigLimits.positions.upperBound) ?? 0
    }

    /// Lists of token ids; `null` is none.
    fileprivate func tokenRuns(_ key: String) throws -> [[Int]] {
        guard has(key), let value = values[key] else { return [] }
        func refusal() -> CheckpointError { wrong(key, needed: "a list of lists of token ids, none of them empty") }
        guard case .array(let runs) = value, !runs.isEmpty else { throw refusal() }
        return try runs.map { run in
            guard case .array(let list) = run, !list.isEmpty else { throw refusal() }
            return try list.map { item in
                guard let id = Self.integer(item), ConfigLimits.tokenID.contains(id) else { throw refusal() }
                return id
            }
        }
    }

    /// One text or several, none of them empty; `null` is none.
    fileprivate func texts(_ key: String) throws -> [String] {
        let list: [JSONValue]
        switch values[key] {
        case nil, .null: return []
        case .array(let given): list = given
        case .some(let value): list = [value]
        }
        return try list.map { item in
            guard case .string(let text) = item, (1...1024).contains(text.utf8.count), list.count <= 16 else {
                throw wrong(key, needed: "a text or at most 16 texts, each of 1 to 1024 bytes")
            }
            return text
        }
    }
}
