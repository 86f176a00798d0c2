import Checkpoints
import Foundation
import ModelGraphs
import OrderedJSON
import Tokenization

/// From a prompt's text and its pictures' embeddings to what the decoder reads.
struct PromptAssembler: Sendable {
    private let description: ModelDescription
    private let tokenizer: Tokenizer
    /// A template that cannot be read stops only those who use it.
    private let template: Result<ChatTemplate, any Error>
    /// How the model's vocabulary spells the place of a picture; nil where it has none and the prompt is split there.
    private let spelling: String?
    /// Stands for a picture in token ids.
    let imageToken: Int32

    /// - Throws: `InferenceError` for a tokenizer without the model's image token.
    init(_ description: ModelDescription, manifest: ModelManifest?, tokenizer: Tokenizer) throws {
        self.description = description
        self.tokenizer = tokenizer
        guard let id = description.config.imageTokenID.flatMap({ Int32(exactly: $0) }) else {
            throw InferenceError.unsupportedModel("it has no image token", remedy: "import the checkpoint first")
        }
        imageToken = id
        template = Result { try description.template(named: manifest?.chatTemplate) }
        guard !(manifest?.splitsPromptAtImages ?? false) else {
            spelling = nil
            return
        }
        // The checkpoint's own image token may be spelled otherwise.
        let spelled = tokenizer.token(of: id) ?? ChatTemplate.imagePlace
        guard tokenizer.id(of: spelled) == id else {
            throw InferenceError.inconsistentModel(
                "the tokenizer has no image token \(id)", remedy: "use the checkpoint's own tokenizer.json")
        }
        spelling = spelled
    }

    /// Token ids with one image token where each picture goes.
    ///
    /// - Throws: `InferenceError.emptyPrompt`, `.imageCountMismatch`, `JinjaError`.
    func ids(of request: GenerationRequest) throws -> [Int32] {
        let text: String
        switch request.prompt {
        case .raw(let raw):
            try Self.checkText(raw.split(separator: ChatTemplate.imagePlace).joined())
            text = raw
        case .chat(let messages, let other):
            try Self.checkText(messages.last.map(Self.text) ?? "")
            text = try (other ?? template.get()).prompt(for: messages, addsBeginning: tokenizer.addsBeginning)
        }
        let ids = encode(text)
        let places = ids.count { $0 == imageToken }
        guard places == request.images.count else {
            throw InferenceError.imageCountMismatch(places: places, images: request.images.count)
        }
        return ids
    }

    private func encode(_ text: String) -> [Int32] {
        guard let spelling else {
            return tokenizer.encode(text, splitAt: ChatTemplate.imagePlace, placing: imageToken)
        }
        guard spelling != ChatTemplate.imagePlace else { return tokenizer.encode(text) }
        let pieces = text.split(separator: ChatTemplate.imagePlace, omittingEmptySubsequences: false)
        return tokenizer.encode(pieces.joined(separator: spelling))
    }

    private static func text(of message: ChatMessage) -> String {
        message.parts.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }

    private static func checkText(_ text: String) throws {
        guard text.contains(where: { !$0.isWhitespace }) else { throw InferenceError.emptyPrompt }
    }
}

extension ModelDescription {
    /// The template that the manifest names, else the checkpoint's own; without either, Vicuna's, which LLaVA
    /// checkpoints without a template were trained with.
    ///
    /// - Throws: `InferenceError.inconsistentModel`, `JinjaError`.
    func template(named name: String?) throws -> ChatTemplate {
        if let name {
            guard let named = ChatTemplate.named.first(where: { $0.name == name }) else {
                throw InferenceError.inconsistentModel(
                    "its chat template '\(name)' is unknown", remedy: "import the checkpoint again")
            }
            return named.template
        }
        guard let chatTemplate else { return .vicuna }
        let tokens = try specialTokens()
        return .jinja(
            try JinjaTemplate(chatTemplate.text), bos: tokens["bos_token"] ?? "", eos: tokens["eos_token"] ?? "")
    }

    /// What templates call `bos_token` and `eos_token`: a string, or an object with its content. Without the file, or
    /// where it holds null, there are none.
    ///
    /// - Throws: `CheckpointError` for a damaged file.
    private func specialTokens() throws -> [String: String] {
        let name = "tokenizer_config.json"
        let file = url.appending(path: name)
        guard FileManager.default.fileExists(atPath: file.path) else { return [:] }
        func damaged(_ problem: String) -> CheckpointError {
            CheckpointError(.malformed, file: name, problem: problem, remedy: "download it again")
        }
        let value: JSONValue
        do { value = try JSONValue(parsing: Array(Data(contentsOf: file))) } catch let error as JSONError {
            throw damaged(error.problem)
        } catch {
            throw CheckpointError(
                .unreadable, file: name, problem: "cannot be read", remedy: "check the file's permissions")
        }
        switch value {
        case .null: return [:]
        case .object(let settings):
            return settings.reduce(into: [:]) { tokens, setting in
                switch setting.1 {
                case .string(let text): tokens[setting.0] = text
                case .object(let token):
                    if case .string(let text) = token["content"] { tokens[setting.0] = text }
                default: break
                }
            }
        default: throw damaged("holds no JSON object")
        }
    }
}
