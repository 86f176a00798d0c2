public import HiRED
public import Tokenization

/// A question about pictures.
public struct GenerationRequest: Sendable {
    public enum Prompt: Sendable {
        /// Through the checkpoint's own template, or another.
        case chat([ChatMessage], template: ChatTemplate?)
        /// As it is, with `<image>` where pictures go.
        case raw(String)
    }

    public var prompt: Prompt
    /// In the order of their places in the prompt.
    public var images: [ImageInput]
    public var selection: SelectionOptions
    /// Chooses the budget by what this machine can do, in place of the selection's.
    public var autoBudget: AutoBudget?
    public var sampling: SamplingOptions
    public var maximumTokens: Int
    /// Goes on past the end-of-sequence token: for measurements.
    public var ignoresEndOfSequence = false
    /// Lets the answer start from what earlier requests computed, and later ones from this. Off for measurements.
    public var reusesCaches = true
    /// Gives up this long after the request's start.
    public var deadlineSeconds: Double?

    public init(
        _ prompt: Prompt, images: [ImageInput], selection: SelectionOptions, sampling: SamplingOptions = .greedy,
        maximumTokens: Int = 512
    ) {
        self.prompt = prompt
        self.images = images
        self.selection = selection
        self.sampling = sampling
        self.maximumTokens = maximumTokens
    }

    /// A single question: pictures first, then the text.
    public static func question(_ text: String, imageCount: Int, template: ChatTemplate? = nil) -> Prompt {
        let places = [ChatMessage.Part](repeating: .image, count: imageCount)
        return .chat([ChatMessage(.user, places + [.text(text)])], template: template)
    }
}

/// What happens while a request is worked on.
public enum GenerationEvent: Sendable {
    public enum Stage: Sendable, Equatable {
        /// View `number` of at most `count` of picture `image`, all counted from 0.
        case vision(image: Int, view: Int, count: Int)
        case prefill(tokens: Int)
    }

    case stage(Stage)
    /// More of the answer; never half a character.
    case text(String)
    case finished(GenerationResult)
}

public struct GenerationResult: Sendable {
    public enum FinishReason: String, Sendable {
        /// The model ended its answer, or a stop string did.
        case stop
        /// The answer reached the number of tokens asked for, or the end of the model's context.
        case length
    }

    /// Without special tokens, and up to a stop string.
    public var answer: String
    /// All that were drawn, with the end-of-sequence token or those of a stop string.
    public var tokens: [Int32]
    /// One for each of `tokens`; nil unless the sampling options ask for them.
    public var logprobs: [TokenLogprobs]?
    public var finishReason: FinishReason
    /// Text and image tokens together.
    public var promptTokens: Int
    /// Prompt tokens that were not computed, because an earlier prompt began alike.
    public var reusedTokens: Int
    public var images: [ImageTokens]
    /// What an automatic budget came to.
    public var budgetChoice: BudgetChoice?
    /// Image tokens that were asked for, over all pictures, where load lowered the budget; nil where it did not.
    public var loweredFrom: Int?
    public var timings: Timings
    /// Bytes of the blocks that hold this sequence's keys and values.
    public var cacheBytes: Int
}
