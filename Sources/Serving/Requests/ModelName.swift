import HTTPTypes
import HiREDInference

/// A model's name as a client writes it: with a budget behind an @ for clients that can pass nothing else.
struct ModelName: Sendable, Equatable {
    /// As it was written; answers repeat it.
    var written: String
    var budget: VisualTokenFields.Budget?

    /// - Parameter served: the name that the server goes by.
    /// - Throws: `APIError` 404 for another model, 400 for a budget that is not understood.
    init(_ written: String, served: String) throws {
        self.written = written
        if written == served { return }
        guard written.hasPrefix(served + "@") else {
            throw APIError(
                .notFound, .notFound,
                "the model \(FailureText.quoted(written)) is not served here; give \(FailureText.quoted(served)), "
                    + "or that with a budget, as in \(FailureText.quoted(served + "@20%"))",
                parameter: "model", code: "model_not_found")
        }
        let suffix = String(written.dropFirst(served.count + 1))
        do { budget = try VisualTokenFields.budget(suffix) } catch {
            throw APIError.invalid(
                "model",
                "the budget \(FailureText.quoted(suffix)) behind the model's name is not understood; give a percentage "
                    + "as in @20%, a number of tokens as in @576, @full or @auto")
        }
    }

    /// Names that some clients treat as OpenAI's reasoning models, to which they send other fields.
    static let misleading = ["o1", "o3", "o4", "gpt-5"]
}

extension ServerOptions {
    /// A name from a folder's, without what misleads clients or reads as a budget.
    package static func suggestedName(forFolder folder: String) -> String {
        var name = folder.replacing("@", with: "-").filter { !$0.isWhitespace }
        for word in ModelName.misleading {
            let middle = word.index(after: word.startIndex)
            name = name.replacing(word, with: word[..<middle] + "-" + word[middle...])
        }
        return name.isEmpty ? "hired" : name
    }

    /// What is wrong with a model's name; nil where it can be used.
    package static func problem(ofName name: String) -> String? {
        if name.isEmpty || name.contains(where: { $0.isWhitespace || $0 == "@" }) {
            return "a budget stands behind an @; give a name without @ and spaces"
        }
        guard let word = ModelName.misleading.first(where: { name.contains($0) }) else { return nil }
        return "clients take names with \(word) for OpenAI's reasoning models and send other fields; give another name"
    }
}
