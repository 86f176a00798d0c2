import Failures
import Foundation
import HiRED
import HiREDInference
import Reporting

extension ChatSession {
    /// Something beside the answers, for a person alone.
    func remark(_ text: String) {
        guard Terminal.readsPerson else { return }
        Output.status(Progress.isShown ? "\u{1B}[2m\(text)\u{1B}[0m\n" : text + "\n")
    }

    /// A failure in one line, with a chat's own names for what can be changed in it.
    func message(_ error: any Error) -> String {
        let line = FailureReport.message(error) { parameter in
            switch parameter {
            case .prompt: "the conversation"
            case .budget: "/budget"
            case .images: "/image"
            default: parameter.commandLineName
            }
        }
        let isTooLong = (error as? any Failure).map { $0.kind == .tooLarge && $0.subject == .parameter(.prompt) }
        return isTooLong == true ? line + ", or begin anew with /clear or /clear all" : line
    }

    /// Uses the time that a person types in.
    mutating func prepareAhead() {
        guard Terminal.readsPerson, hasNews else { return }
        hasNews = false
        warmUp?.cancel()
        if !conversation.pictures.isEmpty, conversation.isSettled {
            var request = conversation.request("?", settings)
            request.maximumTokens = 1
            warmUp = ChatWarmUp(rehearsing: request, with: model)
        } else {
            warmUp = model.isWarm ? nil : ChatWarmUp(model)
        }
    }

    mutating func finishWarmUp() async throws {
        guard let warmUp else { return }
        self.warmUp = nil
        try await warmUp.finish(interrupt)
    }

    mutating func showPicture(_ typed: String?) throws {
        guard let typed else {
            guard !conversation.pictures.isEmpty else { return Output.line(Self.noPicture) }
            for place in conversation.pictures.indices { Output.line(description(of: place)) }
            return
        }
        conversation.show(try ChatPicture(path: ChatPicture.path(typed), pixelLimit: pixelLimit))
        hasNews = true
        remark(description(of: conversation.pictures.count - 1))
    }

    private static let noPicture = "there is no picture yet; /image FILE shows one"

    /// A picture's size, and what it takes.
    func description(of place: Int) -> String {
        let picture = conversation.pictures[place]
        let options = conversation.selection(of: place)
        let alone = Conversation(pictures: [picture], selection: options ?? SelectionOptions())
        guard let image = try? model.count(alone.request("-", settings)).images.first else { return picture.name }
        let size = image.layout.imageSize
        let kept = options == nil ? "a budget chosen with the question, of" : "\(image.planned) of"
        return "\(picture.name): \(size.width)×\(size.height), \(kept) \(image.full) image tokens"
    }

    mutating func setBudget(_ text: String?) throws {
        guard let text else { return Output.line("budget: \(budgetName)") }
        var options = conversation.selection
        guard options.strategy != .full else {
            throw CommandError(.usage, "--strategy full drops nothing; start hired chat with another for a budget")
        }
        if text == "auto" {
            guard let startingAuto else {
                throw CommandError(
                    .usage,
                    "/budget auto has no target; start hired chat with --budget auto and --max-ttft or --max-memory")
            }
            options.budget = .tokens(startingAuto.floor)
        } else {
            options.budget = try TokenBudget(parsing: text)
        }
        _ = try options.makeStrategy()
        conversation.setBudget(options, auto: text == "auto" ? startingAuto : nil)
        hasNews = true
        for place in conversation.pictures.indices { remark(description(of: place)) }
    }

    private var budgetName: String {
        if conversation.auto != nil { return "auto" }
        return conversation.selection.strategy == .full ? "full" : "\(conversation.selection.budget)"
    }

    mutating func drawKept() async throws {
        guard !conversation.pictures.isEmpty else { throw CommandError(.usage, Self.noPicture) }
        try await finishWarmUp()
        let model = model
        for (place, picture) in conversation.pictures.enumerated() {
            guard let options = conversation.selection(of: place) else {
                throw CommandError(.usage, "the budget is chosen with a question; ask one first")
            }
            let selected = try await interrupt.running { try await model.select(picture.input, options: options) }
            Output.line("\(picture.name)\n\(selected.tokens.counts)")
            let isDumb = ProcessInfo.processInfo.environment["TERM"] == "dumb"
            guard graphics != nil || (Terminal.showsOutput && !isDumb) else { continue }
            if graphics == nil { graphics = await lines.perform { TerminalGraphics.detect() } }
            Output.write(
                try TerminalPicture.text(
                    KeptTokenPicture(selected).render(), as: graphics ?? .blocks, in: Terminal.size))
        }
    }

    /// Both answers begin from nothing, whatever is known of the pictures by now: else the first would have the advantage.
    mutating func compareWithFull() async throws {
        guard let (before, question) = conversation.last else {
            throw CommandError(.usage, "there is no question to compare yet; ask one first")
        }
        guard !before.pictures.isEmpty else { throw CommandError(.usage, Self.noPicture) }
        guard budgetName != "full" else {
            throw CommandError(.usage, "the budget is full already; give /budget another, such as 20%")
        }
        try await finishWarmUp()
        var whole = before
        whole.setBudget(SelectionOptions(), auto: nil)
        var columns: [String] = []
        for (name, conversation) in [(budgetName, before), ("full", whole)] {
            var request = conversation.request(question, settings)
            request.reusesCaches = false
            let result = try await answer(to: request) { _ in Progress.show("answering at \(name) …") }
            Progress.clear()
            guard result.finishReason != .cancelled else { throw CancellationError() }
            columns.append(ChatFigures.column(name, result))
        }
        Output.write(SideBySide.text(columns[0], columns[1], width: Terminal.size.columns))
    }
}
