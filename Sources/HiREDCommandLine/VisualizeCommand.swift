import ArgumentParser
import Foundation
import HiRED
import HiREDInference
import ImageProcessing
import Reporting

struct VisualizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "visualize", abstract: "Draw what a picture keeps under several budgets, over its attention.",
        discussion: """
            Example: hired visualize Models/demo --image receipt.png --budgets 40%,20%,10% --output kept.svg

            The full view stands at the left, the tiles at the right. Heat is the attention of the CLS token, kept tokens \
            are framed, and each view's budget is written on it. With --layers the attention of these layers is drawn \
            instead (the paper's figure 3).
            """)

    @Argument(help: "The folder of a model.")
    var model: String

    @Option(help: "A JPEG, PNG or WebP picture.")
    var image: String

    @Option(help: "Budgets, with commas between them.")
    var budgets = "40%,20%,10%"

    @Option(help: "Layers to draw in place of budgets, counted from 0, as in 0,1,21,22.")
    var layers: String?

    @Option(help: "How tokens are chosen.")
    var strategy = "hired"

    @Option(help: "The file that is written; its name ends in .svg or .png.")
    var output = "kept.svg"

    @OptionGroup(title: "Model") var loading: ModelArguments

    func run() async throws {
        let ending = URL(fileURLWithPath: output).pathExtension.lowercased()
        guard ending == "svg" || ending == "png" else {
            throw CommandError(.usage, "output cannot be '\(output)'; give a name that ends in .svg or .png")
        }
        let layers = try (layers ?? "").split(separator: ",").map { text in
            guard let layer = Int(text), layer >= 0 else {
                throw CommandError(.usage, "layers cannot hold '\(text)'; give numbers from 0 on")
            }
            return layer
        }
        let choices = try layers.isEmpty ? selections() : []
        let input = try AskCommand.input(image, pixelLimit: loading.maxPixels)
        let model = try loading.load(model, selectsAlone: true)
        try Self.check(layers, "layers", of: model)
        let taps: [VisionTap.Layer] = layers.isEmpty ? [.final] : layers.map { .index($0) }
        let (recorder, whole) = try await AttentionRecorder.record(input, layers: taps, with: model)
        let count = whole.tokens.layout.tokensPerPartition
        var panels = layers.map { layer in
            SelectionFigure.Panel(
                title: "layer \(layer)", heat: recorder.shares(.index(layer), count: count), kept: nil)
        }
        for options in choices {
            let tokens = try await model.select(input, options: options).tokens
            let name =
                options.strategy.takesBudget
                ? "\(options.strategy.rawValue), \(options.budget)" : options.strategy.rawValue
            panels.append(
                SelectionFigure.Panel(
                    title: "\(name): \(tokens.kept) of \(tokens.full)", heat: recorder.shares(.final, count: count),
                    kept: tokens.keptFlags))
        }
        let figure = SelectionFigure(whole, panels: panels)
        try Output.save(ending == "svg" ? Data(figure.svg().utf8) : figure.render().pngData(), to: output)
    }

    /// Layers that the vision tower has.
    static func check(_ layers: [Int], _ option: String, of model: VisionLanguageModel) throws {
        let count = model.description.config.vision.layerCount
        guard let high = layers.first(where: { $0 >= count }) else { return }
        throw CommandError(
            .usage, "\(option) cannot hold \(high): the vision tower has \(count) layers; give numbers below that")
    }

    private func selections() throws -> [SelectionOptions] {
        var options = SelectionOptions()
        options.strategy = try StrategyName(parsing: strategy)
        guard options.strategy.takesBudget else { return [options] }
        return try budgets.split(separator: ",").map { text in
            options.budget = try TokenBudget(parsing: String(text))
            _ = try options.makeStrategy()
            return options
        }
    }
}
