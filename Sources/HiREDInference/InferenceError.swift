public import Failures

/// What can go wrong between a request and its answer, apart from the errors of the rooms below, which pass through.
public enum InferenceError: Error, Equatable {
    /// An option's value is outside its range.
    case invalidOption(_ parameter: Parameter, _ value: String, remedy: String)
    /// The prompt holds no text besides its pictures.
    case emptyPrompt
    /// The number of `<image>` places in the prompt is not the number of pictures.
    case imageCountMismatch(places: Int, images: Int)
    /// A message's text spells a picture's place, which the chat template writes itself.
    case imagePlaceInText
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
    /// Pictures that wait take as many bytes as they may.
    case imageMemoryFull(needed: Int, available: Int)
    /// The model takes no more requests: it is about to stop.
    case draining
    /// An automatic budget needs this machine's speed, which was not measured.
    case noCostModel
    /// The model gave no finite logit.
    case numericalFailure
}

extension InferenceError: Failure {
    public var kind: FailureKind {
        switch self {
        case .invalidOption, .emptyPrompt, .imageCountMismatch, .imagePlaceInText, .noCostModel: .invalidRequest
        case .contextExceeded, .cacheTooSmall: .tooLarge
        case .unsupportedModel, .insufficientMemory: .unsupportedModel
        case .inconsistentModel: .damagedFile
        case .queueFull, .deadlineExceeded, .imageMemoryFull, .draining: .overloaded
        case .numericalFailure: .internal
        }
    }

    public var subject: FailureSubject? {
        switch self {
        case .invalidOption(let parameter, _, _): .parameter(parameter)
        case .emptyPrompt, .imageCountMismatch, .imagePlaceInText, .contextExceeded, .cacheTooSmall: .parameter(.prompt)
        case .unsupportedModel, .inconsistentModel, .insufficientMemory: .parameter(.model)
        case .noCostModel: .parameter(.budget)
        case .queueFull, .deadlineExceeded, .imageMemoryFull, .draining, .numericalFailure: nil
        }
    }

    public var problem: String {
        switch self {
        case .invalidOption(_, let value, _): "cannot be \(value)"
        case .emptyPrompt: "has no text"
        case .imageCountMismatch(let places, let images):
            "has \(places) <image> place(s) for \(images) picture(s)"
        case .imagePlaceInText: "holds <image>, and the chat template writes one for each picture itself"
        case .contextExceeded(let prompt, let maximum, let limit):
            "has \(prompt) tokens, which with up to \(maximum) more exceed the model's context of \(limit)"
        case .unsupportedModel(let what, _): "cannot be run: \(what)"
        case .inconsistentModel(let what, _): "does not fit together: \(what)"
        case .insufficientMemory(let needed, let available):
            "needs about \(needed / 1_000_000) MB and this machine has \(available / 1_000_000) MB"
        case .queueFull(let limit): "\(limit) requests are waiting already"
        case .cacheTooSmall(let needed, let available, _):
            "needs with its answer \(needed / 1_000_000) MB of keys and values, and \(available / 1_000_000) MB are set aside"
        case .deadlineExceeded(let seconds): "there was no answer within \(seconds) seconds"
        case .imageMemoryFull(let needed, let available):
            "the pictures need \(needed / 1_000_000) MB and \(max(available, 0) / 1_000_000) MB are left for those that wait"
        case .draining: "the model takes no more requests, since it is about to stop"
        case .noCostModel: "is chosen by this machine's speed, which was not measured"
        case .numericalFailure: "the model gave no finite logit; the weights may be damaged"
        }
    }

    public var remedy: Remedy? {
        switch self {
        case .invalidOption(_, _, let remedy), .unsupportedModel(_, let remedy), .inconsistentModel(_, let remedy):
            .advice(remedy)
        case .emptyPrompt: .advice("ask something about the picture")
        case .imageCountMismatch: .advice("give one <image> for each picture")
        case .imagePlaceInText:
            .anyOf([.advice("leave it out of the text"), .give(.template, "raw, which takes the prompt as it is")])
        case .contextExceeded: .anyOf([.give(.budget, "fewer tokens"), .give(.maximumTokens, "a smaller number")])
        case .insufficientMemory:
            .advice("import it with smaller weights, such as int4")
        case .queueFull, .draining: .retry(afterSeconds: nil)
        case .cacheTooSmall(_, _, let budget):
            .anyOf(
                (budget > 0 ? [.give(.budget, "at most \(budget) tokens")] : [])
                    + [.give(.maximumTokens, "a smaller number"), .give(.cacheMemory, "more")])
        case .deadlineExceeded: .anyOf([.give(.deadline, "more time"), .give(.budget, "fewer tokens")])
        case .imageMemoryFull: .anyOf([.retry(afterSeconds: nil), .advice("send smaller pictures")])
        case .noCostModel: .advice("warm the model up first")
        case .numericalFailure: .give(.precision, "f32")
        }
    }
}
