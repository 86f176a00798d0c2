import Failures
public import HiRED
public import Tokenization
public import VisionEncoding

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
    /// Options of single pictures, by their place, where they are other than `selection`.
    public var selections: [Int: SelectionOptions] = [:]
    /// Chooses the budget by what this machine can do, in place of the selection's.
    public var autoBudget: AutoBudget?
    public var sampling: SamplingOptions
    /// Of each answer.
    public var maximumTokens: Int
    /// Answers to draw from one prompt. They share its blocks; each draws with a seed of its own, `sampling.seed` plus
    /// its number.
    public var answerCount = 1
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

    /// Most answers from one prompt.
    public static let maximumAnswers = 128

    /// The options that a picture is selected with.
    func selection(of image: Int) -> SelectionOptions { selections[image] ?? selection }

    /// - Throws: `InferenceError.invalidOption`.
    func validate() throws {
        try sampling.validate()
        guard maximumTokens > 0 else {
            throw InferenceError.invalidOption(.maximumTokens, "\(maximumTokens)", remedy: "give at least 1")
        }
        guard (1...Self.maximumAnswers).contains(answerCount) else {
            throw InferenceError.invalidOption(
                .answerCount, "\(answerCount)", remedy: "give a number from 1 to \(Self.maximumAnswers)")
        }
        if let seconds = deadlineSeconds, !(seconds > 0) {
            throw InferenceError.invalidOption(
                .deadline, "\(seconds)", remedy: "give a positive number of seconds")
        }
        if let place = selections.keys.first(where: { !images.indices.contains($0) }) {
            throw InferenceError.invalidOption(
                .images, "without a picture \(place + 1)", remedy: "give options for pictures that are there")
        }
        try autoBudget?.validate()
        if autoBudget != nil,
            let free = images.indices.map({ selection(of: $0).strategy }).first(where: { !$0.obeysBudget })
        {
            throw InferenceError.invalidOption(
                .budget, "auto with the strategy \(free.rawValue)",
                remedy: "choose a strategy that keeps to a budget, such as hired")
        }
        for place in images.indices { _ = try selection(of: place).makeStrategy() }
    }

    /// A single question: pictures first, then the text.
    public static func question(_ text: String, imageCount: Int, template: ChatTemplate? = nil) -> Prompt {
        let places = [ChatMessage.Part](repeating: .image, count: imageCount)
        return .chat([ChatMessage(.user, places + [.text(text)])], template: template)
    }
}
