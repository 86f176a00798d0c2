public import Foundation

/// A Hugging Face checkpoint folder, opened and checked.
public struct CheckpointFolder: Sendable {
    public let url: URL
    public let config: VisionLanguageConfig
    public let preprocessor: PreprocessorConfig
    public let weights: MappedWeights
    /// Ids that end an answer.
    public let endOfSequence: [Int]
    /// The checkpoint's own chat template (Jinja), if it has one.
    public let chatTemplate: String?
    /// The tokens that templates may name, as `bos_token` and `eos_token`.
    public let specialTokens: [String: String]
    /// What was not there and was replaced by defaults.
    public let notes: [String]

    public var tokenizerURL: URL { url.appending(path: "tokenizer.json") }

    /// - Throws: `CheckpointError` with the file's name and a remedy.
    public init(_ url: URL) throws(CheckpointError) {
        self.url = url
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw .missing(path: url.path, remedy: "give the folder of a Hugging Face checkpoint")
        }
        guard isFolder.boolValue else {
            throw .unsupported(path: url.path, found: "a file", supported: "the folder of a Hugging Face checkpoint")
        }
        config = try VisionLanguageConfig(contentsOf: url.appending(path: "config.json"))
        var notes: [String] = []
        let preprocessorURL = url.appending(path: "preprocessor_config.json")
        if FileManager.default.fileExists(atPath: preprocessorURL.path) {
            preprocessor = try PreprocessorConfig(contentsOf: preprocessorURL, family: config.family)
        } else {
            var defaults = PreprocessorConfig(kind: config.family == .llavaNext ? .llavaNext : .clip)
            defaults.size = .shortestEdge(config.vision.imageSize)
            defaults.cropHeight = config.vision.imageSize
            defaults.cropWidth = config.vision.imageSize
            defaults.gridPinpoints = config.gridPinpoints
            preprocessor = defaults
            notes.append(
                "no preprocessor_config.json: pictures are prepared for \(config.vision.imageSize) pixels a side")
        }
        let tokenizer = try Self.optional(url.appending(path: "tokenizer_config.json"))
        specialTokens = try Self.specialTokens(tokenizer)
        chatTemplate = try Self.chatTemplate(in: url, tokenizer: tokenizer)
        endOfSequence = try Self.endOfSequence(in: url)
        weights = try MappedWeights(shards: try Self.shards(in: url))
        self.notes = notes
    }

    private static func optional(_ url: URL) throws(CheckpointError) -> JSONObject? {
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        return try JSONObject(contentsOf: url, remedy: "download it again")
    }

    /// `generation_config.json` wins over `config.json`, as in Transformers.
    private static func endOfSequence(in url: URL) throws(CheckpointError) -> [Int] {
        if let generation = try optional(url.appending(path: "generation_config.json")),
            let ids = try generation.integers("eos_token_id")
        {
            return ids
        }
        guard let config = try optional(url.appending(path: "config.json")) else { return [2] }
        if let ids = try config.integers("eos_token_id") { return ids }
        let text = try config.object("text_config")
        return try text?.integers("eos_token_id") ?? [2]
    }

    /// Transformers 4.57.6 looks for chat_template.jinja, then chat_template.json, then tokenizer_config.json.
    private static func chatTemplate(in url: URL, tokenizer: JSONObject?) throws(CheckpointError) -> String? {
        let jinja = url.appending(path: "chat_template.jinja")
        if FileManager.default.fileExists(atPath: jinja.path) {
            do { return try String(contentsOf: jinja, encoding: .utf8) } catch {
                throw .unreadable(path: jinja.path, reason: error.localizedDescription)
            }
        }
        if let file = try optional(url.appending(path: "chat_template.json")),
            let text = try file.string("chat_template")
        {
            return text
        }
        guard case .string(let text)? = tokenizer?.values["chat_template"] else { return nil }
        return text
    }

    /// A special token is written as a string or as an object with its content.
    private static func specialTokens(_ tokenizer: JSONObject?) throws(CheckpointError) -> [String: String] {
        var result: [String: String] = [:]
        for key in ["bos_token", "eos_token", "unk_token", "pad_token", "image_token"] {
            if case .string(let text)? = tokenizer?.values[key] { result[key] = text }
            if case .object(let object)? = tokenizer?.values[key], case .string(let text)? = object["content"] {
                result[key] = text
            }
        }
        return result
    }

    private static func shards(in url: URL) throws(CheckpointError) -> [URL] {
        let single = url.appending(path: "model.safetensors")
        if FileManager.default.fileExists(atPath: single.path) { return [single] }
        let indexURL = url.appending(path: "model.safetensors.index.json")
        if FileManager.default.fileExists(atPath: indexURL.path) {
            let index = try JSONObject(contentsOf: indexURL, remedy: "download it again")
            guard let map = try index.object("weight_map"), !map.values.isEmpty else {
                throw .malformed(path: indexURL.path, reason: "it has no weight_map")
            }
            var names = Set<String>()
            for (tensor, value) in map.values {
                guard case .string(let name) = value, !name.contains("/"), name != "..", !name.isEmpty else {
                    throw .malformed(path: indexURL.path, reason: "tensor '\(tensor)' names no file of this folder")
                }
                names.insert(name)
            }
            let shards = names.sorted().map { url.appending(path: $0) }
            for shard in shards where !FileManager.default.fileExists(atPath: shard.path) {
                throw .missing(path: shard.path, remedy: "the index names it; download it again")
            }
            return shards
        }
        let all = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        if all.contains(where: { $0.hasPrefix("pytorch_model") && $0.hasSuffix(".bin") }) {
            throw .unsupported(path: url.path, found: "PyTorch .bin weights", supported: "safetensors")
        }
        throw .missing(path: single.path, remedy: "the folder holds no weights; download the checkpoint again")
    }
}
