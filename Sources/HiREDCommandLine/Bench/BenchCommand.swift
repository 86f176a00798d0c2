import ArgumentParser
import Foundation
import HiRED
import HiREDInference
import ImageProcessing

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure models, and make models to measure.",
        subcommands: [BenchRunCommand.self, LatencyCommand.self, StepsCommand.self, SynthesizeCommand.self],
        defaultSubcommand: BenchRunCommand.self)
}

struct BenchRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Measure a model on one picture, in batches and under budgets.",
        discussion: """
            The paper's protocol: a picture of 600×600 pixels, 15 new tokens, the mean over runs of generated tokens by \
            total time. Every budget runs once, in the smallest batch, before the clock counts; then budgets and batches \
            take turns, so that a change of the machine's speed falls on all of them. In each turn the bare compiled \
            language model is timed on the same prompts, and one product of 2048×4096×4096 with its kind of weights.

            Example: hired bench MODEL --batch 1,2,4 --budgets full,40%,20%
            """)

    @Argument(help: "The folder of a model.")
    var model: String

    @Option(help: "A picture; one of 600×600 pixels is drawn unless given.")
    var image: String?

    @Option(help: "Requests at once, several separated by commas.")
    var batch = "1"

    @Option(help: "Budgets, several separated by commas.")
    var budgets = "full,40%,20%"

    @Option(help: "New tokens of each request.")
    var maxTokens = 15

    @Option(help: "Measured runs of each.")
    var runs = 3

    @Flag(help: "Time the bare vision tower too.")
    var vision = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Model") var loading: ModelArguments

    func run() async throws {
        let batches = try batch.split(separator: ",").map { text in
            guard let count = Int(text), count > 0 else {
                throw CommandError(.usage, "batch cannot be '\(text)'; give whole numbers from 1")
            }
            return count
        }
        let budgets = try budgets.split(separator: ",").map { try TokenBudget(parsing: String($0)) }
        guard runs > 0, maxTokens > 0 else { throw CommandError(.usage, "runs and max-tokens must be at least 1") }
        let picture =
            try image.map { try AskCommand.input($0, pixelLimit: loading.maxPixels) }
            ?? .image(BenchPicture.draw(side: 600))
        let model = try loading.load(model)
        var bench = Bench(
            model: model, picture: picture, batches: batches, budgets: budgets, maximumTokens: maxTokens, runs: runs)
        try await bench.measure(vision: vision)
        let report = try await bench.report()
        if json { try Output.printJSON(report) } else { Output.line(report.text) }
    }
}

/// A picture with some detail everywhere.
enum BenchPicture {
    static func draw(side: Int) -> RGBImage {
        var generator = SplitMix64(seed: 1)
        let cells = (0..<(side / 10 + 1) * (side / 10 + 1)).map { _ in generator.next() }
        var pixels = [UInt8](repeating: 0, count: side * side * 3)
        for y in 0..<side {
            for x in 0..<side {
                let colour = cells[y / 10 * (side / 10 + 1) + x / 10]
                for channel in 0..<3 {
                    pixels[3 * (y * side + x) + channel] = UInt8(truncatingIfNeeded: colour >> (8 * UInt64(channel)))
                }
            }
        }
        return RGBImage(width: side, height: side, pixels: pixels)
    }
}
