import ArgumentParser
import Foundation
import HiRED
import HiREDInference
import ImageProcessing
import Reporting

struct SelectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "select", abstract: "Show which tokens of a picture would be kept.",
        discussion: "Example: hired select Models/demo --image receipt.png --budget 10% --png kept.png")

    @Argument(help: "The folder of a checkpoint.")
    var model: String

    @Option(help: "A JPEG, PNG or WebP picture.")
    var image: String

    @OptionGroup(title: "Token selection") var selection: SelectionArguments
    @OptionGroup(title: "Model") var loading: ModelArguments

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Write a picture of the views with dropped tokens dimmed.")
    var png: String?

    @Option(help: "Write the same as a drawing, with each tile's budget.")
    var svg: String?

    func run() async throws {
        let options = try selection.options()
        guard options.positions == .packed else {
            throw CommandError(.usage, "positions change no selection; leave out --positions")
        }
        let input = try AskCommand.input(image, pixelLimit: loading.maxPixels)
        let model = try loading.load(model, selectsAlone: true)
        let selected = try await model.select(input, options: options)
        let (tokens, picture) = (selected.tokens, KeptTokenPicture(selected))
        if let png { try Output.save(picture.render().pngData(), to: png) }
        if let svg { try Output.save(Data(picture.svg().utf8), to: svg) }
        if json {
            try Output.printJSON(SelectionReport(tokens))
        } else {
            let layout = tokens.layout
            Output.line(
                "picture \(layout.imageSize.width)×\(layout.imageSize.height), \(layout.tileRows)×\(layout.tileColumns) tiles"
            )
            Output.line(tokens.counts)
        }
    }
}

extension ImageTokens {
    /// How many are kept, of the whole picture and of each of its views.
    var counts: String {
        var text = "image tokens: \(kept) of \(full)"
        for (partition, count) in perPartition.enumerated() {
            let name = partition == 0 ? "full view" : "tile \(partition)"
            text += "\n  \(name): \(count) of \(layout.capacity(partition: partition))"
        }
        return text
    }
}
