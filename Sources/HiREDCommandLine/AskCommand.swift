import ArgumentParser
import Foundation
import HiREDInference
import ImageProcessing
import Reporting

struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask", abstract: "Ask a question about one or more pictures.",
        discussion: """
            Example: hired ask Models/demo --image receipt.png "How much is the TEA?"

            The answer is streamed. With --json one object is printed when the answer is whole: the answer, how many \
            image tokens were kept of how many, times in milliseconds and memory in bytes. With --logprobs it holds each \
            token with the natural logarithm of its probability, before penalties and temperature.
            """)

    @Argument(help: "A folder that hired import wrote, or a Hugging Face LLaVA-NeXT or LLaVA-1.5 checkpoint.")
    var model: String

    @Option(name: .long, help: "A JPEG, PNG or WebP picture. Repeat for several.")
    var image: [String] = []

    @Argument(help: "The question.")
    var prompt: String

    @OptionGroup(title: "Token selection") var selection: SelectionArguments
    @OptionGroup(title: "Automatic budget") var automatic: AutoBudgetArguments
    @OptionGroup(title: "Model") var loading: ModelArguments
    @OptionGroup(title: "Language model elsewhere") var elsewhere: RemoteArguments
    @OptionGroup(title: "Answer") var sampling: SamplingArguments

    @Flag(help: "Print one JSON object instead of the answer.")
    var json = false

    func run() async throws {
        let auto = try automatic.budget(for: selection)
        let selection = try selection.options(auto: auto)
        try sampling.validate(prompt: prompt)
        if sampling.logprobs != nil, !json {
            throw CommandError(.usage, "logprobs are printed as JSON only; add --json")
        }
        let images = try image.map { try Self.input($0, pixelLimit: loading.maxPixels) }
        let remote = try await elsewhere.connect(for: model, concurrency: 1)
        let model = try loading.load(model, settings: sampling.settings(), remote: remote)
        if auto != nil { try await model.prepareAutoBudget { Progress.show($0) } }
        var request = GenerationRequest(
            try sampling.prompt(prompt, imageCount: images.count), images: images, selection: selection,
            sampling: sampling.options(over: model.defaultSampling), maximumTokens: sampling.maxTokens)
        request.autoBudget = auto
        for try await event in model.generate(request) {
            switch event {
            case .token(let token):
                Progress.clear()
                if !json { Output.write(token.text) }
            case .finished(let result):
                Progress.clear()
                if json {
                    try Output.printJSON(AnswerReport(result, load: model.loadMilliseconds, tokenizer: model.tokenizer))
                } else {
                    Output.line("")
                    if let choice = result.budgetChoice { Output.note(choice.line) }
                }
            default: Progress.show(event)
            }
        }
    }

    /// Fails before a model is loaded for a picture that is not there. What can be read once only, a pipe, is read here.
    static func input(_ path: String, pixelLimit: Int) throws -> ImageInput {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError(.noInput, "\(path) does not exist; give the path of a JPEG, PNG or WebP picture")
        }
        guard !isFolder.boolValue else {
            throw CommandError(.noInput, "\(path) is a folder; give the path of a JPEG, PNG or WebP picture")
        }
        let url = URL(fileURLWithPath: path)
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return .file(url) }
        return .data(try ImageDecoder(pixelLimit: pixelLimit).data(contentsOf: url), name: path)
    }
}
