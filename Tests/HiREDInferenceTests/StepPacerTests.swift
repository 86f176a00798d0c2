import Testing

@testable import HiREDInference

/// Steps sized by time.
@Suite struct StepPacerTests {
    /// A machine that takes `block` milliseconds for 64 rows and half of a fifth of that for one.
    private func cost(block: Double) -> CostModel {
        var cost = CostModel(CostMeasurements())
        (cost.smallStepConstant, cost.smallStepPerRow) = (0.1 * block, 0.9 * block / 64)
        (cost.prefillConstant, cost.prefillPerToken) = (0, block / 64)
        return cost
    }

    private func plan(block: Double, decoding: Int = 1, target: Double = 250, largest: Int = 512) -> StepPlan {
        var pacer = StepPacer(targetMilliseconds: target, largest: largest)
        pacer.use(cost(block: block))
        return pacer.plan(decoding: decoding, past: 0)
    }

    @Test(arguments: [(10.0, 512), (100, 128), (124, 128), (126, 64), (250, 64)])
    func wholeBlocksThatMeetTheTarget(_ block: Double, _ rows: Int) {
        let plan = plan(block: block)
        #expect(plan.rows == rows && plan.prefillShare == 1)
        #expect(plan.predictedMilliseconds <= plan.targetMilliseconds)
    }

    @Test(arguments: [(260.0, 56), (320, 48), (500, 24)])
    func lessThanABlockWhereABlockIsTooSlow(_ block: Double, _ rows: Int) {
        let plan = plan(block: block)
        #expect(plan.rows == rows)
        #expect(plan.predictedMilliseconds <= 250)
        #expect(plan.prefillShare < 1 && plan.prefillShare >= StepPacer.leastShare)
    }

    /// Where not even a small step meets the target, reading is not slowed down beyond half.
    @Test func halfOfTheRateIsTheLeast() {
        let plan = plan(block: 5000)
        #expect(plan.rows < 64 && plan.predictedMilliseconds > 250)
        #expect(plan.prefillShare >= StepPacer.leastShare)
    }

    @Test(arguments: [0, 1, 31, 63, 64, 65, 200, 511, 512, 600])
    func runningAnswersAreInTheRows(_ decoding: Int) {
        let plan = plan(block: 20, decoding: decoding)
        #expect(plan.rows > decoding || plan.rows == 512)
        #expect(plan.rows <= 64 || plan.rows % 64 == 0)
    }

    @Test func aSlowerMachineGetsSmallerSteps() {
        var pacer = StepPacer(targetMilliseconds: 250, largest: 512)
        pacer.use(cost(block: 100))
        #expect(pacer.plan(decoding: 1, past: 0).rows == 128)
        for _ in 0..<40 { pacer.record(rows: 128, past: 0, milliseconds: 480) }
        #expect(pacer.plan(decoding: 1, past: 0).rows == 64)
    }

    /// Without a cost model it begins with one block and goes by what it saw.
    @Test func stepsTeach() {
        var pacer = StepPacer(targetMilliseconds: 250, largest: 512)
        #expect(pacer.plan(decoding: 1, past: 0).rows == 64)
        pacer.record(rows: 64, past: 0, milliseconds: 50)
        let more = pacer.plan(decoding: 1, past: 0)
        #expect(more.rows == 320)
        pacer.record(rows: 1, past: 0, milliseconds: 100)
        for _ in 0..<30 { pacer.record(rows: 64, past: 0, milliseconds: 700) }
        let less = pacer.plan(decoding: 1, past: 0)
        #expect(less.rows < 64)
    }
}
