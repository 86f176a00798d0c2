import Testing

@testable import HiREDInference

@Suite struct CostModelTests {
    struct Coefficients: Sendable {
        var constant, perToken, perSquare: Double
    }

    static let cases = [
        Coefficients(constant: 40, perToken: 9, perSquare: 0.0004),
        Coefficients(constant: 3, perToken: 0.05, perSquare: 0.00002),
        Coefficients(constant: 0, perToken: 1, perSquare: 0.001), Coefficients(constant: 5, perToken: 2, perSquare: 0),
    ]

    /// A step: smooth up to 64 rows, a stair of 64 above; one constant for both.
    private static func milliseconds(_ truth: Coefficients, rows: Int, past: Int) -> Double {
        let paid = rows <= 64 ? rows : (rows + 63) / 64 * 64
        return truth.constant + truth.perToken * Double(paid)
            + truth.perSquare * Double((past + rows) * (past + rows) - past * past)
    }

    /// The points of a warm-up, on a machine that these coefficients describe.
    private func measurements(_ truth: Coefficients, noise: () -> Double) -> CostMeasurements {
        var measured = CostMeasurements()
        for prefill in WarmUpPlan(stepTokens: 2048, capacity: 4096, tokensPerView: 576).prefills {
            let time = Self.milliseconds(truth, rows: prefill.tokens, past: prefill.past)
            measured.prefills.append(
                .init(tokens: prefill.tokens, past: prefill.past, milliseconds: time * noise()))
        }
        measured.views = [.init(count: 1, milliseconds: 70 * noise()), .init(count: 2, milliseconds: 140 * noise())]
        measured.projections = [
            .init(count: 144, milliseconds: 1.44 * noise()), .init(count: 576, milliseconds: 5.76 * noise()),
        ]
        return measured
    }

    private func isClose(_ value: Double, _ expected: Double, within share: Double) -> Bool {
        abs(value - expected) <= share * abs(expected) + 1e-9
    }

    @Test(arguments: cases) func exactPointsGiveTheCoefficients(_ truth: Coefficients) {
        let cost = CostModel(measurements(truth) { 1 })
        #expect(isClose(cost.prefillConstant, truth.constant, within: 1e-6))
        #expect(isClose(cost.prefillPerToken, truth.perToken, within: 1e-6))
        #expect(isClose(cost.prefillPerSquaredToken, truth.perSquare, within: 1e-6))
        #expect(isClose(cost.smallStepConstant, truth.constant, within: 1e-6))
        #expect(isClose(cost.smallStepPerRow, truth.perToken, within: 1e-6))
        for (rows, past) in [(1, 0), (16, 300), (64, 64), (65, 0), (128, 0), (160, 900), (192, 10), (512, 0)] {
            let expected = Self.milliseconds(truth, rows: rows, past: past)
            #expect(isClose(cost.stepMilliseconds(rows: rows, past: past), expected, within: 1e-6))
        }
        #expect(isClose(cost.viewMilliseconds, 70, within: 1e-9))
        #expect(isClose(cost.projectorMillisecondsPerToken, 0.01, within: 1e-9))
    }

    @Test(arguments: cases, 0..<20) func noisyPointsPredictNearly(_ truth: Coefficients, seed: Int) {
        var state = UInt64(seed)
        // Up to 2 % either way.
        let cost = CostModel(
            measurements(truth) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return 1 + 0.04 * (Double(state >> 11) * 0x1p-53 - 0.5)
            })
        for tokens in [64, 256, 626, 1500, 2900] {
            let expected = Self.milliseconds(truth, rows: tokens, past: 0)
            #expect(isClose(cost.prefillMilliseconds(tokens: tokens), expected, within: 0.2), "\(tokens)")
        }
        #expect(isClose(cost.prefillPerToken, truth.perToken, within: 0.15))
        #expect(isClose(cost.viewMilliseconds, 70, within: 0.021))
    }

    @Test func noCoefficientIsNegative() {
        // Fewer milliseconds for more tokens: noise, not a discovery.
        var measured = CostMeasurements()
        measured.prefills = [
            .init(tokens: 32, milliseconds: 9), .init(tokens: 128, milliseconds: 7),
            .init(tokens: 512, milliseconds: 6),
        ]
        let cost = CostModel(measured)
        #expect(cost.prefillPerToken == 0 && cost.prefillPerSquaredToken == 0)
        #expect((6...9).contains(cost.prefillConstant))
        #expect(CostModel(CostMeasurements()).prefillMilliseconds(tokens: 1000) == 0)
    }

    @Test func memoryIsCountedInWholeBlocks() {
        var cost = CostModel(CostMeasurements())
        (cost.baseBytes, cost.cacheBytesPerToken, cost.stepBytesPerToken) = (1000, 10, 3)
        let conditions = CostModel.Conditions(blockSize: 32, stepTokens: 50, embeddingBytesPerToken: 0, isWarm: true)
        // 60 prompt tokens and 4 of 5 answer tokens are 64 positions; 50 of the prompt are computed at once.
        let work = CostModel.Work(views: 1, imageTokens: 40, textTokens: 20, answerTokens: 5)
        #expect(cost.cacheBytes(work, conditions) == 2 * 32 * 10)
        #expect(cost.bytes(work, conditions) == 1000 + 50 * 3 + 640)
        // The request's own embeddings count too.
        var holding = conditions
        holding.embeddingBytesPerToken = 7
        #expect(cost.bytes(work, holding) == 1000 + 50 * 3 + 640 + 40 * 7)
        let longer = CostModel.Work(views: 1, imageTokens: 40, textTokens: 20, answerTokens: 6)
        #expect(cost.cacheBytes(longer, conditions) == 3 * 32 * 10)
    }

    @Test func plansKeepToTheContext() {
        for capacity in [32, 64, 100, 544, 545, 600, 4096, 100_000] {
            let plan = WarmUpPlan(stepTokens: 2048, capacity: capacity, tokensPerView: 144)
            #expect(plan.prefills.allSatisfy { $0.tokens > 0 && $0.tokens + $0.past < capacity })
            #expect(plan.prefills.allSatisfy { $0.tokens <= 2048 && $0.past <= 2048 })
            #expect(Set(plan.prefills.filter { $0.past == 0 }.map(\.tokens)).count >= 1)
        }
    }
}
