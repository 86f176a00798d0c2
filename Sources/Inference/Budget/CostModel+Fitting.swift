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
        let prefill = NonNegativeLeastSquares.solve(
            measured.prefills.map { run in
                let (count, past) = (Double(run.tokens), Double(run.past))
                return .init(
                    features: [1, count, count * (count + 2 * past)], value: run.milliseconds,
                    weight: weight(run.milliseconds))
            })
        self.init(
            viewMilliseconds: perItem(measured.views), projectorMillisecondsPerToken: perItem(measured.projections),
            prefillConstant: prefill.first ?? 0, prefillPerToken: prefill.count > 1 ? prefill[1] : 0,
            prefillPerSquaredToken: prefill.count > 2 ? prefill[2] : 0,
            coldMilliseconds: max(measured.coldMilliseconds, 0), cacheBytesPerToken: measured.cacheBytesPerToken,
            stepBytesPerToken: max(measured.stepBytesPerToken, 0), baseBytes: max(measured.baseBytes, 0))
    }
}
