import Checkpoints
import Crypto
import Foundation
import ModelGraphs
import Tokenization

/// The small files of an imported model: configuration, tokenizer, templates.
struct SourceFiles {
    /// By name; names may contain a folder.
    var contents: [(name: String, data: Data)] = []
    var chatTemplate: String?
    var splitsPromptAtImages = false

    private static let configurations = ["config.json", "preprocessor_config.json", "generation_config.json"]
    private static let templates = ["processor_config.json", "chat_template.json", "chat_template.jinja"]
    private static let tokenizerFiles = [
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
    ]
    /// Nothing that belongs here is larger; a tokenizer of 150,000 tokens takes 12 MB.
    private static let byteLimit = 256 << 20

    /// - Throws: `CheckpointError`, `TokenizerError`, `ImportError`.
    init(_ folder: CheckpointFolder) throws {
        let isOriginal = folder.config.layout == .original
        let copied = (isOriginal ? [] : Self.configurations + Self.templates) + Self.tokenizerFiles
        for name in copied {
            if let data = try Self.read(folder.url.appending(path: name)) { contents.append((name, data)) }
        }
        let templates = folder.url.appending(path: "chat_templates")
        for name in (try? FileManager.default.contentsOfDirectory(atPath: templates.path))?.sorted() ?? []
        where name.hasSuffix(".jinja") && !isOriginal {
            if let data = try Self.read(templates.appending(path: name)) {
                contents.append(("chat_templates/\(name)", data))
            }
        }
        let tokenizer = try addTokenizer(folder)
        if isOriginal { try addOriginal(folder, tokenizer: tokenizer) }
        contents.sort { $0.name < $1.name }
    }

    /// What the manifest lists.
    var manifestFiles: [ModelManifest.File] {
        contents.map { file in
            let digest = SHA256.hash(data: file.data)
            return ModelManifest.File(
                name: file.name, sha256: digest.map { String(format: "%02x", $0) }.joined())
        }
    }

    /// `tokenizer.json` as it is, or made from the SentencePiece model.
    private mutating func addTokenizer(_ folder: CheckpointFolder) throws -> Tokenizer {
        let url = folder.url.appending(path: "tokenizer.json")
        let data: Data
        var configuration: TokenizerConfiguration?
        if let found = try Self.read(url) {
            data = found
            configuration = try TokenizerConfiguration(folder: folder.url)
        } else if FileManager.default.fileExists(atPath: folder.url.appending(path: "tokenizer.model").path) {
            data = try TokenizerConversion.tokenizerJSON(folder: folder.url)
        } else {
            throw ImportError.missingFile(
                path: url.path, remedy: "download the checkpoint's tokenizer.json or tokenizer.model")
        }
        contents.append(("tokenizer.json", data))
        return try Tokenizer(json: data, path: url.path, configuration: configuration)
    }

    /// The original layout describes preprocessing and prompts in code and in keys of its own: written out here as
    /// other tools expect them.
    private mutating func addOriginal(_ folder: CheckpointFolder, tokenizer: Tokenizer) throws {
        // Any id outside the vocabulary will do: the prompt is split where pictures go.
        let imageToken = max(folder.config.text.vocabularySize, tokenizer.vocabularySize)
        contents.append(("config.json", try folder.config.huggingFaceFile(imageToken: imageToken)))
        contents.append(("preprocessor_config.json", try folder.preprocessor.huggingFaceFile()))
        contents.append(("generation_config.json", try folder.generation.huggingFaceFile()))
        splitsPromptAtImages = true
        chatTemplate =
            if folder.config.text.family == .mistral {
                "mistral"
            } else if tokenizer.id(of: "<|start_header_id|>") != nil {
                "llama3"
            } else if tokenizer.id(of: "<|im_start|>") != nil {
                "chatml"
            } else {
                "vicuna"
            }
    }

    private static func read(_ url: URL) throws -> Data? {
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        return Data(try ModelFile.bytes(url, limit: byteLimit, isText: url.pathExtension == "jinja"))
    }
}
