import ArgumentParser
import Foundation
import HiRED
import ImageProcessing
import Inference

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

    func run() async throws {
        let options = try selection.options()
        let input = try AskCommand.input(image)
        let model = try loading.load(model)
        let (tokens, partitions, _) = try await model.select(input, options: options)
        if let png {
            let picture = SelectionPicture(tokens: tokens, partitions: partitions)
            do { try picture.render().pngData().write(to: URL(fileURLWithPath: png)) } catch {
                throw CommandError(.cannotCreate, "\(png) cannot be written: \(error.localizedDescription)")
            }
        }
        if json {
            try Output.printJSON(SelectionReport(tokens))
        } else {
            let layout = tokens.layout
            print(
                "picture \(layout.imageSize.width)×\(layout.imageSize.height), \(layout.tileRows)×\(layout.tileColumns) tiles"
            )
            print("image tokens: \(tokens.kept) of \(tokens.full)")
            for (partition, count) in tokens.perPartition.enumerated() {
                print(
                    "  \(partition == 0 ? "full view" : "tile \(partition)"): \(count) of \(layout.capacity(partition: partition))"
                )
            }
        }
    }
}
