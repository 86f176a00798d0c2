import Foundation
import HiRED

// What our own code costs, apart from the models, on one core. Use: make bench
let strategies: [StrategyName] = [.scope, .vispruner, .divprune]
let benchmarks = [try imagePreparation(), try selection(), try tokenizing()] + (try strategies.map(comparing))

let measurements = try measure(benchmarks)
for (benchmark, result) in zip(benchmarks, measurements) {
    print(
        String(
            format: "%@: median %.3f ms (%.3f to %.3f), goal < %g ms; floor: %@", result.name, result.median,
            result.minimum, result.maximum, benchmark.goalMilliseconds, benchmark.floor))
}
