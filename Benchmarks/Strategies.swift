import HiRED

/// Choosing 576 of 2,880 tokens by how alike they are, once the cosines are there: the greedy part alone.
///
/// Tokens lie in clusters, as patches of a picture do: among independent ones nothing is alike, and greedy choice is easy.
func comparing(_ name: StrategyName) throws -> Benchmark {
    let (layout, width) = (
        try PartitionLayout(
            side: 24, tileRows: 2, tileColumns: 2, imageSize: PixelSize(width: 672, height: 672),
            canvasSize: PixelSize(width: 672, height: 672),
            content: PixelRectangle(x: 0, y: 0, width: 672, height: 672)), 32
    )
    var generator = SplitMix64(seed: 3)
    func normal() -> Float { (0..<4).reduce(0) { sum, _ in sum + Float(generator.nextUnit()) - 0.5 } }
    let centres = (0..<60).map { _ in (0..<width).map { _ in normal() } }
    let taps = (0..<5).map { _ in
        let rows = (0..<576).flatMap { _ in
            centres[Int.random(in: 0..<60, using: &generator)].map { $0 + 0.4 * normal() }
        }
        var values: [VisionTap: [Float]] = [:]
        for tap in [VisionTap(.features, layer: .final), .projected] { values[tap] = rows }
        for layer in [VisionTap.Layer.first, .final] {
            // Few tokens hold most of the attention.
            values[VisionTap(.classAttention, layer: layer)] = (0..<576).map { _ in
                let value = Float(generator.nextUnit())
                return value * value * value * value
            }
        }
        return ViewTaps(values)
    }
    var options = SelectionOptions()
    (options.strategy, options.budget) = (name, try TokenBudget(parsing: "20%"))
    guard let strategy = try options.makeStrategy() as? any ComparingStrategy else {
        fatalError("\(name) compares tokens")
    }
    let allocation = try strategy.allocate(options.budget, layout: layout, fullView: taps[0])
    let cosines = try strategy.comparison.rows(allocation, layout: layout, taps: taps).map { rows in
        try rows.map { try CosineMatrix(comparing: $0) }
    }
    let bytes = cosines.reduce(0) { $0 + 4 * ($1?.values.count ?? 0) }
    return Benchmark(
        name: "\(name.rawValue): choose 576 of 5×576 tokens", goalMilliseconds: 20,
        floor: "\(bytes / 1_000_000) MB of cosines read once, about \(bytes / 10_000_000) ms"
    ) {
        let selection = try strategy.select(allocation, layout: layout, taps: taps, cosines: cosines)
        guard selection.count == 576 else { fatalError("the budget is exact") }
    }
}
