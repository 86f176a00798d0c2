import ArgumentParser
import Foundation
import HiRED
import HiREDInference
import ImageProcessing
import Reporting

struct AttentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attention", abstract: "Tell how much the language model attends to a picture, layer by layer.",
        discussion: """
            Example: hired attention MODEL --image receipt.png --budget full "How much is the TEA?" --output heat.svg

            The attention is that of the prompt's last token, with which an answer begins, the mean over heads (the \
            paper's figure 2 and table 2). Works on a checkpoint's folder, not on an imported one.
            """)

    @Argument(help: "A Hugging Face LLaVA-NeXT or LLaVA-1.5 checkpoint.")
    var model: String

    @Option(help: "A JPEG, PNG or WebP picture.")
    var image: String

    @Argument(help: "The question.")
    var prompt: String

    @OptionGroup(title: "Token selection") var selection: SelectionArguments
    @OptionGroup(title: "Model") var loading: ModelArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Layers to draw beside the mean of all, counted from 0, as in 0,15,31.")
    var layers: String?

    @Option(help: "A file for the attention as heat over the picture; its name ends in .svg or .png.")
    var output: String?

    func run() async throws {
        let ending = output.map { URL(fileURLWithPath: $0).pathExtension.lowercased() }
        guard ending == nil || ending == "svg" || ending == "png" else {
            throw CommandError(.usage, "output cannot be '\(output ?? "")'; give a name that ends in .svg or .png")
        }
        let options = try selection.options()
        let input = try AskCommand.input(image, pixelLimit: loading.maxPixels)
        let model = try loading.load(model)
        guard model.manifest == nil else {
            throw CommandError(.usage, "an imported model's attention cannot be read; give the checkpoint's own folder")
        }
        let drawn = try (layers ?? "").split(separator: ",").map { text in
            guard let layer = Int(text), (0..<model.description.config.text.layerCount).contains(layer) else {
                throw CommandError(
                    .usage,
                    "layers cannot hold '\(text)'; give numbers from 0 to "
                        + "\(model.description.config.text.layerCount - 1)")
            }
            return layer
        }
        let request = GenerationRequest(
            GenerationRequest.question(prompt, imageCount: 1), images: [input], selection: options, maximumTokens: 1)
        let attention = try await model.attention(request)
        let report = AttentionReport(attention)
        if let output {
            let heats =
                [("mean of all layers", AttentionReport.mean(attention.rows))]
                + drawn.map { ("layer \($0)", attention.rows[$0]) }
            let tokens = attention.pictures[0].tokens
            let figure = SelectionFigure(
                attention.pictures[0],
                panels: heats.map { title, row in
                    SelectionFigure.Panel(
                        title: title, heat: AttentionReport.heat(row, of: 0, attention),
                        kept: tokens.kept < tokens.full ? tokens.keptFlags : nil)
                })
            try Output.save(ending == "svg" ? Data(figure.svg().utf8) : figure.render().pngData(), to: output)
        }
        if json { try Output.printJSON(report) } else { Output.line(report.text) }
    }
}
