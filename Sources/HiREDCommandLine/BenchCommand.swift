import ArgumentParser

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure models, and make models to measure.",
        subcommands: [SynthesizeCommand.self])
}
