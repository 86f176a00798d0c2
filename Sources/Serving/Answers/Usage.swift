import HiREDInference
import OrderedJSON

/// OpenAI's account of tokens, and ours of the pictures'.
struct Usage: Sendable, Equatable {
    var promptTokens = 0
    var completionTokens = 0
    var cachedTokens = 0
    var imageTokensFull = 0
    var imageTokensKept = 0
    /// Over all pictures; nil for none.
    var imageBudget: Int?
    /// What was asked for where load lowered it.
    var loweredFrom: Int?
    var images = 0

    init(_ result: GenerationResult) {
        promptTokens = result.promptTokens
        completionTokens = result.answers.reduce(0) { $0 + $1.tokens.count }
        cachedTokens = result.reusedTokens
        images = result.images.count
        imageTokensFull = result.images.reduce(0) { $0 + $1.full }
        imageTokensKept = result.images.reduce(0) { $0 + $1.kept }
        let budgets = result.images.compactMap(\.budget)
        imageBudget = budgets.isEmpty ? nil : budgets.reduce(0, +)
        loweredFrom = result.loweredFrom
    }

    var value: JSONValue {
        var imageTokens: JSONObject = [
            "full": .integer(imageTokensFull), "kept": .integer(imageTokensKept), "budget": JSONValue(imageBudget),
            "budget_lowered": .bool(loweredFrom != nil),
        ]
        if let loweredFrom { imageTokens["lowered_from"] = .integer(loweredFrom) }
        return [
            "prompt_tokens": .integer(promptTokens), "completion_tokens": .integer(completionTokens),
            "total_tokens": .integer(promptTokens + completionTokens),
            "prompt_tokens_details": ["cached_tokens": .integer(cachedTokens)],
            "image_tokens": .object(imageTokens),
        ]
    }
}
