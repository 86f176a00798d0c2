import Checkpoints
import Foundation
import Tokenization

/// From a prompt's text and its pictures' embeddings to what the decoder reads.
enum PromptAssembler {
    /// Token ids with one image token where each picture goes.
    ///
    /// - Throws: `InferenceError.emptyPrompt`, `.imageCountMismatch`, `JinjaError`.
    static func ids(of request: GenerationRequest, tokenizer: Tokenizer, folder: CheckpointFolder) throws -> [Int32] {
        let text: String
        switch request.prompt {
        case .raw(let raw):
            try checkText(raw.split(separator: ChatTemplate.imagePlace).joined())
            text = raw
        case .chat(let messages, let template):
            try checkText(messages.last.map(Self.text) ?? "")
            text = try (template ?? folder.template()).prompt(for: messages)
        }
        // The checkpoint's own image token may be spelled otherwise.
        let imageToken = try folder.imageToken()
        let spelled = tokenizer.token(of: imageToken) ?? ChatTemplate.imagePlace
        guard tokenizer.id(of: spelled) == imageToken else {
            throw InferenceError.inconsistentModel(
                "the tokenizer has no image token \(imageToken)", remedy: "use the checkpoint's own tokenizer.json")
        }
        let prompt =
            spelled == ChatTemplate.imagePlace
            ? text
            : text.split(separator: ChatTemplate.imagePlace, omittingEmptySubsequences: false).joined(
                separator: spelled)
        let ids = tokenizer.encode(prompt)
        let places = ids.count { $0 == imageToken }
        guard places == request.images.count else {
            throw InferenceError.imageCountMismatch(places: places, images: request.images.count)
        }
        return ids
    }

    private static func text(of message: ChatMessage) -> String {
        message.parts.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }

    private static func checkText(_ text: String) throws {
        guard text.contains(where: { !$0.isWhitespace }) else { throw InferenceError.emptyPrompt }
    }

    /// [T, D]: text embeddings with each image token replaced by its picture's embeddings.
    static func embeddings(_ ids: [Int32], imageToken: Int32, images: [[Float]], language: LanguageModel) throws
        -> [Float]
    {
        let width = language.hiddenSize
        // The image token may lie outside the embedding table.
        let text = try language.embed(ids.map { $0 == imageToken ? 0 : $0 })
        var result: [Float] = []
        result.reserveCapacity(text.count + images.reduce(0) { $0 + $1.count })
        var image = 0
        for (place, id) in ids.enumerated() {
            if id == imageToken {
                result += images[image]
                image += 1
            } else {
                result += text[(place * width)..<((place + 1) * width)]
            }
        }
        return result
    }
}

extension CheckpointFolder {
    /// The checkpoint's own template; without one, Vicuna's, which LLaVA checkpoints without a template were trained with.
    func template() throws -> ChatTemplate {
        guard let chatTemplate else { return .vicuna }
        let tokens = specialTokens()
        return .jinja(
            try JinjaTemplate(chatTemplate.text), bos: tokens["bos_token"] ?? "", eos: tokens["eos_token"] ?? "")
    }

    /// - Throws: `InferenceError.unsupportedModel` for a layout without an image token.
    func imageToken() throws -> Int32 {
        guard let id = config.imageTokenID.flatMap({ Int32(exactly: $0) }) else {
            throw InferenceError.unsupportedModel(
                "it has no image token", remedy: "use the Hugging Face form of the checkpoint")
        }
        return id
    }

    /// What templates call `bos_token` and `eos_token`: a string, or an object with its content.
    private func specialTokens() -> [String: String] {
        let data = (try? Data(contentsOf: url.appending(path: "tokenizer_config.json"))) ?? Data()
        let file = try? JSONDecoder().decode([String: SpecialToken].self, from: data)
        return (file ?? [:]).compactMapValues(\.text)
    }
}

/// A value of `tokenizer_config.json`; only texts and objects with a content have a text.
private struct SpecialToken: Decodable {
    var text: String?

    private enum Keys: CodingKey { case content }

    init(from decoder: any Decoder) throws {
        text = try? decoder.singleValueContainer().decode(String.self)
        if text == nil { text = try? decoder.container(keyedBy: Keys.self).decode(String.self, forKey: .content) }
    }
}
