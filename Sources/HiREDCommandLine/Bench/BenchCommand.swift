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

            --protocol paper is that protocol over batches of 1, 2 and 4, --protocol long the same with a picture of \
            1000×1000 pixels and 100 new tokens; what is given besides takes the place of the protocol's own.

            Example: hired bench MODEL --protocol paper --output speed
            """)

    @Argument(help: "The folder of a model.")
    var model: String

    @Option(name: .customLong("protocol"), help: "A set of conditions: paper or long.")
    var conditions: BenchProtocol?

    @Option(help: "A picture; one of 600×600 pixels is drawn unless given.")
    var image: String?

    @Option(help: "Requests at once, several separated by commas (default: 1).")
    var batch: String?

    @Option(help: "Budgets, several separated by commas.")
    var budgets = BenchProtocol.budgets

    @Option(help: "New tokens of each request (default: 15).")
    var maxTokens: Int?

    @Option(help: "Measured runs of each.")
    var runs = BenchProtocol.runs

    @Option(help: "A folder for bench.json, bench.md and bench.html; it is created.")
    var output: String?

    @Flag(help: "Time the bare vision tower too.")
    var vision = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Model") var loading: ModelArguments

    func run() async throws {
        guard image == nil || conditions == nil else {
            throw CommandError(.usage, "a protocol draws its own picture; leave out --image or --protocol")
        }
        let batches = try (batch ?? conditions?.batches ?? "1").split(separator: ",").map { text in
            guard let count = Int(text), count > 0 else {
                throw CommandError(.usage, "batch cannot be '\(text)'; give whole numbers from 1")
            }
            return count
        }
        let budgets = try budgets.split(separator: ",").map { try TokenBudget(parsing: String($0)) }
        let maxTokens = maxTokens ?? conditions?.maximumTokens ?? BenchProtocol.paper.maximumTokens
        guard runs > 0, maxTokens > 0 else { throw CommandError(.usage, "runs and max-tokens must be at least 1") }
        let side = (conditions ?? .paper).side
        let picture =
            try image.map { try AskCommand.input($0, pixelLimit: loading.maxPixels) }
            ?? .image(BenchPicture.draw(side: side))
        // Before anything is measured.
        if let output { try Output.createFolder(output) }
        let model = try loading.load(model)
        var bench = Bench(
            model: model, picture: picture, batches: batches, budgets: budgets, maximumTokens: maxTokens, runs: runs)
        try await bench.measure(vision: vision)
        var report = try await bench.report()
        report.conditions = BenchReport.Conditions(
            name: conditions?.rawValue, picture: image ?? "\(side)×\(side) pixels, drawn", newTokens: maxTokens,
            runs: runs)
        if let output { try report.save(in: output) }
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
