import ArgumentParser
import Foundation
import HiREDInference
import Reporting

/// What a step costs by its rows: the shape that sizes of steps are chosen by.
struct StepsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps", abstract: "Time bare steps of the language model by the rows they compute.",
        discussion: "The first run of a size, which prepares kernels, is told apart from the median of the others.")

    @Argument(help: "The folder of a model.")
    var model: String

    @Option(help: "Rows of a step, several separated by commas.")
    var rows = "1,8,16,32,48,64,65,128,160,192,512"

    @Option(help: "Positions that lie before them.")
    var past = 256

    @Option(help: "Answers that decode in the same step.")
    var answers = 0

    @Option(help: "Measured runs of each, in turns.")
    var runs = 3

    @OptionGroup(title: "Model") var loading: ModelArguments

    func run() async throws {
        let sizes = try rows.split(separator: ",").map { text in
            guard let count = Int(text), count > 0 else {
                throw CommandError(.usage, "rows cannot be '\(text)'; give whole numbers from 1")
            }
            return count
        }
        guard runs > 0, past >= 0, answers >= 0 else { throw CommandError(.usage, "runs must be at least 1") }
        let model = try loading.load(model)
        _ = try await model.measureRuntime(rows: 1, past: 0)
        var times: [Int: [Double]] = [:]
        for run in 0...runs {
            for size in sizes {
                Progress.show("run \(run) of \(runs): \(size) rows …")
                times[size, default: []].append(
                    try await model.measureRuntime(rows: size, past: past, answers: answers))
            }
        }
        Progress.clear()
        for size in sizes {
            let all = times[size] ?? []
            let spread = Spread(Array(all.dropFirst()))
            Output.line(
                String(
                    format: "%4d rows: %8.1f ms (%.1f-%.1f), first %.1f ms, %.1f rows/s", size + answers, spread.median,
                    spread.least, spread.most, all.first ?? 0, Double(size + answers) / spread.median * 1000))
        }
    }
}
