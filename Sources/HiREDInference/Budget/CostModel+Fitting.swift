/// What was measured, to fit a cost model to.
struct CostMeasurements: Equatable {
    /// `tokens` tokens computed after `past` others, whose keys and values lay in the cache.
    struct Prefill: Equatable {
        var tokens: Int
        var past = 0
        var milliseconds: Double
    }

    /// So many views, or tokens, at once.
    struct Batch: Equatable {
        var count: Int
        var milliseconds: Double
    }

    var views: [Batch] = []
    var projections: [Batch] = []
    var prefills: [Prefill] = []
    /// What the first run of each part took beyond a later one of the same kind.
    var coldMilliseconds = 0.0
    var cacheBytesPerToken = 0
    var stepBytesPerToken = 0
    var baseBytes = 0
}

extension CostModel {
    /// Least squares of the relative errors: a long run's error in milliseconds must not drown a short one's.
    init(_ measured: CostMeasurements) {
        func weight(_ milliseconds: Double) -> Double { 1 / max(milliseconds * milliseconds, 1e-12) }
        func perItem(_ batches: [CostMeasurements.Batch]) -> Double {
            NonNegativeLeastSquares.solve(
                batches.map {
                    .init(features: [Double($0.count)], value: $0.milliseconds, weight: weight($0.milliseconds))
                }
            ).first ?? 0
        }
        // Quadratic is attention alone: T tokens after P others look at T·P + T²/2 positions, where a prompt of T tokens
        // looks at T²/2. So few tokens after many tell c as well as many would, in a fraction of the time.
        func attention(_ run: CostMeasurements.Prefill) -> Double {
            Double(run.tokens) * (Double(run.tokens) + 2 * Double(run.past))
        }
        func solve(_ runs: [CostMeasurements.Prefill], squared: Double?) -> [Double] {
            NonNegativeLeastSquares.solve(
                runs.map { run in
                    let line = [1, Double(CostModel.paidRows(run.tokens))]
                    return .init(
                        features: squared == nil ? line + [attention(run)] : line,
                        value: max(run.milliseconds - (squared ?? 0) * attention(run), 0),
                        weight: weight(run.milliseconds))
                })
        }
        let small = measured.prefills.filter { $0.tokens <= StepPacer.block }
        let large = measured.prefills.filter { $0.tokens > StepPacer.block }
        // Without a run behind many positions, c would be fitted to noise.
        let step = solve(small, squared: small.contains { $0.past > 0 } ? nil : 0)
        let squared = step.count > 2 ? step[2] : 0
        let prefill = large.isEmpty ? step : solve(large, squared: squared)
        self.init(
            viewMilliseconds: perItem(measured.views), projectorMillisecondsPerToken: perItem(measured.projections),
            smallStepConstant: step.first ?? 0, smallStepPerRow: step.count > 1 ? step[1] : 0,
            prefillConstant: prefill.first ?? 0, prefillPerToken: prefill.count > 1 ? prefill[1] : 0,
            prefillPerSquaredToken: squared, coldMilliseconds: max(measured.coldMilliseconds, 0),
            cacheBytesPerToken: measured.cacheBytesPerToken, stepBytesPerToken: max(measured.stepBytesPerToken, 0),
            baseBytes: max(measured.baseBytes, 0))
    }
}
