import ArgumentParser
import Foundation

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a checkpoint or an imported model holds, without loading the model.")

    @Argument(help: "The folder of a checkpoint, or one that hired import wrote.")
    var model: String

    @Option(help: "The CLIP folder of a checkpoint in the original LLaVA layout that does not hold its own.")
    var visionTower: String?

    @Flag(help: "Print one JSON object, with the list of tensors.")
    var json = false

    func run() throws {
        let report = try Inspection.report(
            URL(fileURLWithPath: model), visionTower: visionTower.map { URL(fileURLWithPath: $0) })
        guard !json else { return try Output.printJSON(report) }
        for line in report.lines { Output.line(line) }
    }
}
