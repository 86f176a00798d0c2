/// One operation measured on one core, with the goal it is held to and the floor under it.
struct Benchmark {
    let name: String
    /// What the project promises, in milliseconds.
    let goalMilliseconds: Double
    /// The least the machine could take, and the arithmetic or bytes behind it.
    let floor: String
    /// Runs the operation once. Its set-up is done before.
    let operation: () throws -> Void
}

struct Measurement {
    let name: String
    let minimum: Double
    let median: Double
    let maximum: Double
}

/// Runs the benchmarks in turn, round by round, so that a drift of the machine's speed meets all of them.
///
/// - Parameters:
///   - warmups: rounds that are not counted.
///   - rounds: counted rounds.
func measure(_ benchmarks: [Benchmark], warmups: Int = 2, rounds: Int = 15) throws -> [Measurement] {
    let clock = ContinuousClock()
    var samples = [[Double]](repeating: [], count: benchmarks.count)
    for round in 0..<(warmups + rounds) {
        for (index, benchmark) in benchmarks.enumerated() {
            let elapsed = try clock.measure { try benchmark.operation() }
            if round >= warmups { samples[index].append(elapsed / .milliseconds(1)) }
        }
    }
    return zip(benchmarks, samples).map { benchmark, values in
        let sorted = values.sorted()
        return Measurement(
            name: benchmark.name, minimum: sorted[0], median: sorted[sorted.count / 2],
            maximum: sorted[sorted.count - 1])
    }
}
