/// What can go wrong between a request and its answer, apart from the errors of the rooms below, which pass through.
public enum InferenceError: Error, Equatable {
    /// An option's value is outside its range.
    case invalidOption(_ name: String, _ value: String, remedy: String)
    /// The prompt holds no text besides its pictures.
    case emptyPrompt
    /// The number of `<image>` places in the prompt is not the number of pictures.
    case imageCountMismatch(places: Int, images: Int)
    /// Prompt and answer do not fit the model's context.
    case contextExceeded(promptTokens: Int, maximumTokens: Int, limit: Int)
    /// The checkpoint uses something this engine does not run.
    case unsupportedModel(_ what: String, remedy: String)
    /// The checkpoint's parts do not fit each other.
    case inconsistentModel(_ what: String, remedy: String)
    /// The model's weights do not fit the machine.
    case insufficientMemory(needed: Int, available: Int)
    /// As many requests as may wait are waiting.
    case queueFull(limit: Int)
    /// Prompt and answer can never fit the memory for keys and values; with this budget for each picture they would.
    case cacheTooSmall(needed: Int, available: Int, fittingBudget: Int)
    case deadlineExceeded(seconds: Double)
    /// The model gave no finite logit.
    case numericalFailure
}

extension InferenceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidOption(let name, let value, let remedy): "\(name) cannot be \(value); \(remedy)"
        case .emptyPrompt: "the prompt has no text; ask something about the picture"
        case .imageCountMismatch(let places, let images):
            "the prompt has \(places) <image> place(s) for \(images) picture(s); give one <image> for each picture"
        case .contextExceeded(let prompt, let maximum, let limit):
            "the prompt's \(prompt) tokens and up to \(maximum) more exceed the model's context of \(limit); "
                + "lower the budget or the number of tokens to generate"
        case .unsupportedModel(let what, let remedy): "this model cannot be run: \(what); \(remedy)"
        case .inconsistentModel(let what, let remedy): "this model folder does not fit together: \(what); \(remedy)"
        case .insufficientMemory(let needed, let available):
            "the model needs about \(needed / 1_000_000) MB and this machine has \(available / 1_000_000) MB; "
                + "import it with smaller weights (hired import --weights int4)"
        case .queueFull(let limit): "\(limit) requests are waiting already; try again later"
        case .cacheTooSmall(let needed, let available, let budget):
            "prompt and answer need \(needed / 1_000_000) MB of keys and values and \(available / 1_000_000) MB are set aside; "
                + (budget > 0 ? "give a budget of at most \(budget) tokens, " : "")
                + "ask for fewer new tokens, or raise the memory with kv-memory"
        case .deadlineExceeded(let seconds): "no answer within \(seconds) seconds; allow more time or lower the budget"
        case .numericalFailure:
            "the model gave no finite logit; the weights may be damaged, or try the option precision f32"
        }
    }
}
