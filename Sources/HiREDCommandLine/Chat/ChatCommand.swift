import ArgumentParser
import Foundation
import HiREDInference

struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talk about pictures at the terminal.",
        discussion: """
            Example: hired chat Models/demo --image receipt.png

            The model is loaded once, and gets ready while you type. Lines are questions; each is answered with those \
            before it in mind. /help lists the commands, such as /image FILE and /budget 10%. Ctrl-C stops an answer, \
            Ctrl-D leaves.

            Lines from a pipe are answered one after the other, with nothing but answers on standard output; the exit \
            status is 1 where one could not be.
            """)

    @Argument(help: "A folder that hired import wrote, or a Hugging Face LLaVA-NeXT or LLaVA-1.5 checkpoint.")
    var model: String

    @Option(name: .long, help: "A JPEG, PNG or WebP picture to begin with. Repeat for several.")
    var image: [String] = []

    @Option(
        help: """
            How /kept draws: \(TerminalGraphics.allCases.map(\.rawValue).joined(separator: ", ")); what the terminal can \
            unless given.
            """)
    var graphics: String?

    @OptionGroup(title: "Token selection") var selection: SelectionArguments
    @OptionGroup(title: "Automatic budget") var automatic: AutoBudgetArguments
    @OptionGroup(title: "Model") var loading: ModelArguments
    @OptionGroup(title: "Answer") var sampling: SamplingArguments

    func run() async throws {
        let auto = try automatic.budget(for: selection)
        let options = try selection.options(auto: auto)
        try sampling.validate(prompt: "-")
        var settings = AnswerSettings(maximumTokens: sampling.maxTokens)
        guard case .chat(_, let template) = try sampling.prompt("-", imageCount: 0) else {
            throw CommandError(
                .usage, "--template raw holds no conversation; give another, or ask one question with hired ask")
        }
        settings.template = template
        guard sampling.logprobs == nil else {
            throw CommandError(.usage, "logprobs are printed as JSON only; use hired ask with --json")
        }
        let drawn = try graphics.map { name in
            guard let graphics = TerminalGraphics(rawValue: name) else {
                let names = TerminalGraphics.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandError(.usage, "unknown graphics '\(name)'; give one of \(names)")
            }
            return graphics
        }
        Terminal.remember()
        let editor = LibEdit()
        let pictures = try image.map { try ChatPicture(path: $0, pixelLimit: loading.maxPixels) }
        let model = try loading.load(model, settings: sampling.settings())
        if auto != nil { try await model.prepareAutoBudget { Progress.show($0) } }
        Progress.clear()
        settings.sampling = sampling.options(over: model.defaultSampling)
        var session = ChatSession(
            model: model, settings: settings, pixelLimit: loading.maxPixels, interrupt: ChatInterrupt(),
            lines: LineReader(prompt: Terminal.readsPerson ? "> " : "", editor: editor),
            conversation: Conversation(pictures: pictures, selection: options, auto: auto), startingAuto: auto,
            graphics: drawn)
        session.greet(self.model)
        let failures = await session.run()
        // A person was told of each.
        if Terminal.readsPerson { ChatInterrupt.leave() }
        if failures > 0 {
            throw CommandError(.incomplete, "\(failures) of the lines could not be answered")
        }
    }
}
