import Testing

@testable import HiREDInference

@Suite struct AutoBudgetTests {
    private let conditions = CostModel.Conditions(
        blockSize: 32, stepTokens: 2048, embeddingBytesPerToken: 0, isWarm: true)

    private var cost: CostModel {
        var cost = CostModel(CostMeasurements())
        cost.viewMilliseconds = 100
        cost.smallStepConstant = 50
        cost.smallStepPerRow = 2
        cost.prefillConstant = 50
        cost.prefillPerToken = 2
        cost.coldMilliseconds = 500
        cost.cacheBytesPerToken = 1000
        cost.baseBytes = 1_000_000
        return cost
    }

    private func room(_ images: [AutoBudgetRoom.Image]? = nil) -> AutoBudgetRoom {
        AutoBudgetRoom(
            images: images ?? [.init(views: 5, totalTokens: 2880, mostTokens: 2300)], textTokens: 20, answerTokens: 13,
            elapsedMilliseconds: 10, context: 4096, cacheTokens: 100_000)
    }

    private func choose(seconds: Double? = nil, bytes: Int? = nil, _ room: AutoBudgetRoom) -> BudgetChoice {
        AutoBudget(maximumSecondsToFirstToken: seconds, maximumBytes: bytes).choose(
            room, cost: cost, conditions: conditions)
    }

    /// 10 + 5 · 100 + 50 + 2 · ⌈20 + n⌉ milliseconds, above 64 tokens in whole blocks of 64.
    @Test(arguments: [(32, 32), (33, 32), (44, 43), (108, 44), (492, 428), (1964, 1900), (2284, 2220)])
    func timeIsExactAtTheBorder(_ tokens: Int, less: Int) {
        let seconds = Double(600 + 2 * tokens) / 1000
        let met = choose(seconds: seconds, room())
        #expect(met.tokens == tokens && met.meetsTarget)
        #expect(met.predictedMillisecondsToFirstToken <= 1000 * seconds)
        let under = choose(seconds: seconds - 0.001, room())
        #expect(under.tokens == less)
        #expect(under.meetsTarget == (tokens > 32))
    }

    /// Blocks of 32 tokens and 32,000 bytes; text and answer take 32 positions.
    @Test(arguments: [2, 3, 10, 70]) func memoryIsExactAtTheBorder(_ blocks: Int) {
        let bytes = 1_000_000 + blocks * 32_000
        let met = choose(bytes: bytes, room())
        #expect(met.tokens == (blocks - 1) * 32 && met.meetsTarget)
        #expect(met.predictedBytes == bytes)
        #expect(choose(bytes: bytes + 31_999, room()).tokens == met.tokens)
        #expect(choose(bytes: bytes - 1, room()).tokens == max((blocks - 2) * 32, 32))
    }

    @Test func whatMeetsBothIsTheSmaller() {
        let bytes = 1_000_000 + 10 * 32_000
        #expect(choose(seconds: 1, bytes: bytes, room()).tokens == 172)
        #expect(choose(seconds: 4, bytes: bytes, room()).tokens == 288)
    }

    @Test func moreRoomNeverGivesLess() {
        var last = 0
        for step in 0..<800 {
            let seconds = 0.3 + Double(step) / 100
            let choice = choose(seconds: seconds, room())
            #expect(choice.tokens >= last)
            #expect(!choice.meetsTarget || choice.predictedMillisecondsToFirstToken <= 1000 * seconds)
            last = choice.tokens
        }
        #expect(last == 2880)
        last = 0
        for bytes in stride(from: 900_000, through: 4_000_000, by: 7_777) {
            let choice = choose(bytes: bytes, room())
            #expect(choice.tokens >= last)
            #expect(!choice.meetsTarget || choice.predictedBytes <= bytes)
            last = choice.tokens
        }
        #expect(last == 2880)
    }

    @Test func everyTokenIsAHundredPercent() {
        // More than 2300 are never kept, so 100 % costs no more.
        let choice = choose(seconds: 1e6, room())
        #expect(choice.tokens == 2880 && choice.meetsTarget)
        #expect(choice.predictedMillisecondsToFirstToken == 560 + 2 * 2368)
    }

    @Test func picturesShareEvenly() {
        let images: [AutoBudgetRoom.Image] = [
            .init(views: 1, totalTokens: 100, mostTokens: 100), .init(views: 5, totalTokens: 2880, mostTokens: 2300),
            .init(views: 5, totalTokens: 2880, mostTokens: 2300),
        ]
        // 10 + 11 · 100 + 50 + 2 · (20 + 100 + 2 · 292), the sum being a multiple of 64.
        let choice = choose(seconds: 2.6, room(images))
        #expect(choice.tokensPerImage == [100, 292, 292])
        #expect(choice.tokens == 684)
        #expect(choose(seconds: 2.695, room(images)).tokensPerImage == [100, 292, 292])
        #expect(choose(seconds: 2.696, room(images)).tokensPerImage == [100, 324, 324])
    }

    @Test func contextAndCacheAreTargetsToo() {
        var small = room()
        small.context = 1000
        #expect(choose(seconds: 1e6, small).tokens == 979)
        small.context = 4096
        small.cacheTokens = 320
        #expect(choose(seconds: 1e6, small).tokens == 320 - 32)
    }

    @Test func aColdEngineGetsLess() {
        var cold = conditions
        cold.isWarm = false
        let auto = AutoBudget(maximumSecondsToFirstToken: 2)
        #expect(auto.choose(room(), cost: cost, conditions: conditions).tokens == 684)
        #expect(auto.choose(room(), cost: cost, conditions: cold).tokens == 428)
    }

    @Test func smallPicturesStayBelowTheFloor() {
        let choice = choose(seconds: 1e-6, room([.init(views: 1, totalTokens: 16, mostTokens: 16)]))
        #expect(choice.tokens == 16 && !choice.meetsTarget)
    }

    @Test func nonsenseIsRefused() throws {
        try AutoBudget(maximumSecondsToFirstToken: 1, maximumBytes: 1).validate()
        let bad = [
            AutoBudget(), AutoBudget(maximumSecondsToFirstToken: 0), AutoBudget(maximumSecondsToFirstToken: -1),
            AutoBudget(maximumSecondsToFirstToken: .nan), AutoBudget(maximumSecondsToFirstToken: .infinity),
            AutoBudget(maximumBytes: 0), AutoBudget(maximumSecondsToFirstToken: 1, maximumBytes: -5),
        ]
        for auto in bad { #expect(throws: InferenceError.self) { try auto.validate() } }
    }
}
