import HiRED
import HiREDInference

/// What was said, and the pictures it was said about.
struct Conversation: Sendable {
    struct Turn: Sendable, Equatable {
        /// Shown with this question.
        var pictures: [ChatPicture]
        var question: String
        var answer: String
    }

    private(set) var turns: [Turn] = []
    /// To be shown with the next question.
    private(set) var pending: [ChatPicture]
    private(set) var selection: SelectionOptions
    /// Chooses the budget when a picture comes in; later questions keep what it came to, and with it what was computed.
    private(set) var auto: AutoBudget?
    /// What `auto` came to, for each picture.
    private var chosen: [Int] = []

    init(pictures: [ChatPicture] = [], selection: SelectionOptions, auto: AutoBudget? = nil) {
        pending = pictures
        self.selection = selection
        self.auto = auto
    }

    /// In the order of their places in the prompt.
    var pictures: [ChatPicture] { turns.flatMap(\.pictures) + pending }

    /// Whether the budgets of all pictures are known.
    var isSettled: Bool { auto == nil || chosen.count == pictures.count }

    /// The options of a picture; nil while an automatic budget is not chosen.
    func selection(of picture: Int) -> SelectionOptions? {
        guard auto != nil else { return selection }
        guard isSettled else { return nil }
        var options = selection
        options.budget = .tokens(chosen[picture])
        return options
    }

    /// What the model is asked.
    func request(_ question: String, _ settings: AnswerSettings) -> GenerationRequest {
        var messages: [ChatMessage] = []
        for turn in turns {
            messages.append(Self.message(turn.pictures, turn.question))
            messages.append(ChatMessage(.assistant, [.text(turn.answer)]))
        }
        messages.append(Self.message(pending, question))
        var request = GenerationRequest(
            .chat(messages, template: settings.template), images: pictures.map(\.input), selection: selection,
            sampling: settings.sampling, maximumTokens: settings.maximumTokens)
        if auto != nil, isSettled {
            for place in pictures.indices { request.selections[place] = selection(of: place) }
        } else {
            request.autoBudget = auto
        }
        return request
    }

    private static func message(_ pictures: [ChatPicture], _ question: String) -> ChatMessage {
        ChatMessage(.user, [ChatMessage.Part](repeating: .image, count: pictures.count) + [.text(question)])
    }

    mutating func show(_ picture: ChatPicture) { pending.append(picture) }

    /// - Parameter budgets: what an automatic budget came to, for each picture.
    mutating func record(_ question: String, answer: String, budgets: [Int]?) {
        turns.append(Turn(pictures: pending, question: question, answer: answer))
        pending = []
        if let budgets { chosen = budgets }
    }

    /// - Parameter auto: chooses the budget, in place of the selection's.
    mutating func setBudget(_ selection: SelectionOptions, auto: AutoBudget?) {
        (self.selection, self.auto, chosen) = (selection, auto, [])
    }

    /// Forgets what was said; pictures that stay are shown with the next question.
    mutating func clear(withPictures: Bool) {
        pending = withPictures ? [] : pictures
        turns = []
        if withPictures { chosen = [] }
    }

    /// The last question, and what there was before it.
    var last: (before: Conversation, question: String)? {
        guard let turn = turns.last else { return nil }
        var before = self
        before.turns.removeLast()
        // A picture that came in since has no part in it.
        before.pending = turn.pictures
        return (before, turn.question)
    }
}

/// How every answer of a chat is drawn.
struct AnswerSettings: Sendable {
    /// The checkpoint's own unless given.
    var template: ChatTemplate?
    var sampling = SamplingOptions.greedy
    var maximumTokens = 256
}
