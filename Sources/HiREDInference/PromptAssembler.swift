import Checkpoints
import Failures
import Foundation
import ModelGraphs
import Tokenization

/// From a prompt's text and its pictures' embeddings to what the decoder reads.
struct PromptAssembler: Sendable {
    private let description: ModelDescription
    private let tokenizer: Tokenizer
    /// A template that cannot be read stops only those who use it.
    private let template: Result<ChatTemplate, any Error>
    /// How the model's vocabulary spells the place of a picture; nil where it has none and the prompt is split there.
    private let spelling: String?
    /// What stands before and behind a picture's tokens, as text of the prompt; nil for models that mark nothing.
    private let marks: (before: String, behind: String)?
    /// Stands for a picture in token ids.
    let imageToken: Int32
    /// Rows of the model's table of tokens.
    private let tableSize: Int

    /// - Throws: `InferenceError` for a tokenizer or a table of tokens without the model's image token.
    init(_ description: ModelDescription, manifest: ModelManifest?, tokenizer: Tokenizer) throws {
        self.description = description
        self.tokenizer = tokenizer
        guard let id = description.config.imageTokenID.flatMap({ Int32(exactly: $0) }) else {
            throw InferenceError.unsupportedModel("it has no image token", remedy: "import the checkpoint first")
        }
        imageToken = id
        tableSize = description.config.text.vocabularySize
        template = Result { try description.template(named: manifest?.chatTemplate, tokenizer.specialTokens) }
        marks = description.config.family == .internVL ? try Self.marks(of: tokenizer) : nil
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
        guard id < tableSize else {
            throw InferenceError.inconsistentModel(
                "its image token is \(id), and its table has \(tableSize) tokens",
                remedy: "put image_token_index and vocab_size of the checkpoint's own config.json here")
        }
        spelling = spelled
    }

    /// Token ids with one image token where each picture goes.
    ///
    /// - Throws: `InferenceError.emptyPrompt`, `.imageCountMismatch`, `.imagePlaceInText`, `JinjaError`.
    func ids(of request: GenerationRequest) throws -> [Int32] {
        let text: String
        var isFramed = false
        switch request.prompt {
        case .raw(let raw):
            try Self.checkText(raw.split(separator: ChatTemplate.imagePlace).joined())
            text = raw
        case .chat(let messages, let other):
            // A message without a word is a turn like others: clients send such, and a picture alone.
            guard !messages.isEmpty else { throw InferenceError.emptyPrompt }
            let template = try other ?? template.get()
            text = try template.prompt(for: messages)
            isFramed = template.writesBeginning(text)
        }
        let ids = try encode(text, addSpecialTokens: !isFramed)
        let places = ids.count { $0 == imageToken }
        guard places == request.images.count else {
            let spellings = [ChatTemplate.imagePlace, spelling ?? ChatTemplate.imagePlace]
            if case .chat(let messages, _) = request.prompt,
                messages.map(Self.text(of:)).contains(where: { text in spellings.contains { text.contains($0) } })
            {
                throw InferenceError.imagePlaceInText
            }
            throw InferenceError.imageCountMismatch(places: places, images: request.images.count)
        }
        try checkTable(ids)
        return ids
    }

    /// A tokenizer may know more tokens than the model, which would read them behind the end of its table.
    private func checkTable(_ ids: [Int32]) throws {
        guard let id = ids.first(where: { $0 >= tableSize && $0 != imageToken }) else { return }
        let spelled = tokenizer.token(of: id).map(FailureText.quoted) ?? "without a text"
        throw InferenceError.inconsistentModel(
            "the prompt has the token \(id), \(spelled), and the model's table has \(tableSize) tokens",
            remedy: "leave it out of the prompt, or use the checkpoint's own tokenizer.json")
    }

    private func encode(_ text: String, addSpecialTokens: Bool) throws -> [Int32] {
        guard let spelling else {
            return try tokenizer.encode(
                text, splitAt: ChatTemplate.imagePlace, placing: imageToken, addSpecialTokens: addSpecialTokens)
        }
        var text = text
        func replace(_ place: String, with other: String) {
            text = text.split(separator: place, omittingEmptySubsequences: false).joined(separator: other)
        }
        if spelling != ChatTemplate.imagePlace { replace(ChatTemplate.imagePlace, with: spelling) }
        // A template writes the place alone; the marks come with the tokens (Transformers 4.57.6,
        // processing_internvl.py).
        if let marks { replace(spelling, with: marks.before + spelling + marks.behind) }
        return try tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
    }

    /// InternVL's `<img>` and `</img>`, by the names that its tokenizer gives them.
    private static func marks(of tokenizer: Tokenizer) throws -> (before: String, behind: String) {
        let named = tokenizer.specialTokens.named
        let marks = (before: named["start_image_token"] ?? "<img>", behind: named["end_image_token"] ?? "</img>")
        for mark in [marks.before, marks.behind] where tokenizer.id(of: mark) == nil {
            throw InferenceError.inconsistentModel(
                "the tokenizer has no token \(FailureText.quoted(mark)), which stands beside a picture",
                remedy: "use the checkpoint's own tokenizer.json")
        }
        return marks
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
    /// checkpoints without a template were trained with, or ChatML for InternVL.
    ///
    /// - Throws: `InferenceError.inconsistentModel`, `JinjaError`.
    func template(named name: String?, _ tokens: SpecialTokens) throws -> ChatTemplate {
        if let name {
            guard let named = ChatTemplate.named.first(where: { $0.name == name }) else {
                throw InferenceError.inconsistentModel(
                    "its chat template '\(name)' is unknown", remedy: "import the checkpoint again")
            }
            return named.template
        }
        guard let chatTemplate else { return config.family == .internVL ? .chatML : .vicuna }
        return .jinja(try JinjaTemplate(chatTemplate.text), tokens)
    }
}
