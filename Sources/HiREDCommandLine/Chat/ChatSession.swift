import Failures
import Foundation
import HiREDInference

/// A conversation as it is held: a line, then what it asks for, until the person leaves.
struct ChatSession {
    let model: VisionLanguageModel
    let settings: AnswerSettings
    let pixelLimit: Int
    let interrupt: ChatInterrupt
    let lines: LineReader
    var conversation: Conversation
    /// What `/budget auto` comes back to.
    let startingAuto: AutoBudget?
    /// Nil until it was asked for or found out.
    var graphics: TerminalGraphics?
    var warmUp: ChatWarmUp?
    /// Whether pictures or a budget are new since the last warm-up.
    var hasNews = true

    init(
        model: VisionLanguageModel, settings: AnswerSettings, pixelLimit: Int, interrupt: ChatInterrupt,
        lines: LineReader, conversation: Conversation, startingAuto: AutoBudget?, graphics: TerminalGraphics?
    ) {
        self.model = model
        self.settings = settings
        self.pixelLimit = pixelLimit
        self.interrupt = interrupt
        self.lines = lines
        self.conversation = conversation
        self.startingAuto = startingAuto
        self.graphics = graphics
    }

    /// Says what a person can do.
    func greet(_ name: String) {
        remark("\(name): /help lists what there is besides questions; Ctrl-D leaves")
        for place in conversation.pictures.indices { remark(description(of: place)) }
    }

    /// - Returns: how many lines failed.
    mutating func run() async -> Int {
        var failures = 0
        while true {
            prepareAhead()
            Terminal.showTyping()
            let line = await lines.next()
            interrupt.setBusy(true)
            defer { interrupt.setBusy(false) }
            do {
                guard try await obey(line) else { return failures }
            } catch is CancellationError {
                // Stopped by the person, who knows.
                Progress.clear()
            } catch {
                Progress.clear()
                Output.note(message(error))
                failures += 1
            }
        }
    }

    /// - Returns: false when the person leaves.
    private mutating func obey(_ line: LineReader.Line) async throws -> Bool {
        switch line {
        case .end:
            // The prompt's line ends here.
            if Terminal.readsPerson { Output.status("\n") }
            return false
        case .tooLong:
            throw CommandError(.usage, "a line has more than \(LineReader.byteLimit) bytes; ask in fewer words")
        case .text(let text):
            Terminal.hideTyping()
            switch ChatLine(text) {
            case .nothing: break
            case .question(let question): try await answer(question)
            case .image(let path): try showPicture(path)
            case .budget(let text): try setBudget(text)
            case .kept: try await drawKept()
            case .full: try await compareWithFull()
            case .clear(let withPictures):
                conversation.clear(withPictures: withPictures)
                remark("forgotten" + (conversation.pictures.isEmpty ? "" : "; the pictures are still there"))
            case .help: Output.line(ChatLine.helpText)
            case .quit: return false
            case .refused(let why): throw CommandError(.usage, why)
            }
            return true
        }
    }

    private mutating func answer(_ question: String) async throws {
        let start = ContinuousClock.now
        try await finishWarmUp()
        let waited = (ContinuousClock.now - start) / .milliseconds(1)
        let request = conversation.request(question, settings)
        let result = try await answer(to: request) { Output.write($0) }
        let isStopped = result.finishReason == .cancelled
        // A question that was given up before its first word was not asked; its pictures wait for the next.
        guard !isStopped || !result.answer.isEmpty else { throw CancellationError() }
        Output.line("")
        conversation.record(
            question, answer: result.answer, budgets: isStopped ? nil : result.budgetChoice?.tokensPerImage)
        if let choice = result.budgetChoice { remark(choice.line) }
        if isStopped { return remark("stopped") }
        remark(ChatFigures.line(result, waited: waited))
        if result.finishReason == .length, result.tokens.count >= settings.maximumTokens {
            remark("the answer is cut off at --max-tokens \(settings.maximumTokens)")
        }
    }

    /// Streams an answer; Ctrl-C ends it.
    func answer(
        to request: GenerationRequest, onText: @escaping @Sendable (String) -> Void
    ) async throws -> GenerationResult {
        let model = model
        return try await interrupt.running {
            var hasText = false
            do {
                for try await event in model.generate(request) {
                    switch event {
                    case .token(let token):
                        Progress.clear()
                        onText(token.text)
                        hasText = hasText || !token.text.isEmpty
                    case .finished(let result):
                        Progress.clear()
                        return result
                    // Read anew in the midst of an answer, which stands where progress would.
                    default: if !hasText { Progress.show(event) }
                    }
                }
            } catch {
                // What is told of it begins a line.
                if hasText { onText("\n") }
                throw error
            }
            throw CancellationError()
        }
    }
}
