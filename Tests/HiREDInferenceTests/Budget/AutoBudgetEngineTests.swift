import ElementTypes
import Foundation
import HiRED
import ImageProcessing
import Synchronization
import Testing

@testable import HiREDInference

/// Automatic budgets, lowered budgets and the warm-up on the demo model.
@Suite struct AutoBudgetEngineTests {
    private static let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Models/demo")
    /// Keys and values of one token: 6 layers, 8 heads of 32, both, in 4 bytes.
    private static let cacheBytesPerToken = 6 * 8 * 32 * 2 * 4
    /// Of sample 3: five views of 576 tokens, and those that Transformers would count.
    private static let (total, full) = (2880, 2438)

    /// An f32 cache has the same bytes on every machine.
    private func load(
        store: CostModelStore = CostModelStore(folder: nil), _ change: (inout EngineOptions) -> Void = { _ in }
    ) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        options.costModels = store
        options.compilation.cachePrecision = .f32
        options.engine.cacheBytes = 256 << 20
        change(&options.engine)
        return try VisionLanguageModel(contentsOf: Self.demo, options: options)
    }

    private func request(_ auto: AutoBudget? = nil, pictures: Int = 1, tokens: Int = 16) -> GenerationRequest {
        var request = GenerationRequest(
            GenerationRequest.question("What number is written?", imageCount: pictures),
            images: [ImageInput](repeating: .file(Self.demo.appending(path: "samples/03-scene.png")), count: pictures),
            selection: SelectionOptions(), maximumTokens: tokens)
        request.autoBudget = auto
        request.reusesCaches = false
        return request
    }

    private func answer(_ request: GenerationRequest, _ model: VisionLanguageModel) async throws -> GenerationResult {
        var answer: GenerationResult?
        for try await case .finished(let result) in model.generate(request) { answer = result }
        return try #require(answer)
    }

    private func freeOfTime(base: Int) -> CostModel {
        var cost = CostModel(CostMeasurements())
        cost.baseBytes = base
        cost.cacheBytesPerToken = Self.cacheBytesPerToken
        return cost
    }

    @Test func generousAndImpossibleTargets() async throws {
        let model = try load()
        // Never measured on the way: a request must not pay for it, nor wait until nobody else asks.
        await #expect(throws: InferenceError.noCostModel) {
            _ = try await answer(request(AutoBudget(maximumSecondsToFirstToken: 1e5)), model)
        }
        try await model.prepareAutoBudget()
        let generous = try await answer(request(AutoBudget(maximumSecondsToFirstToken: 1e5)), model)
        let most = try #require(generous.budgetChoice)
        #expect(most.tokens == Self.total && most.meetsTarget)
        #expect(generous.images[0].budget == Self.total)
        #expect(most.predictedMillisecondsToFirstToken > 0 && most.targetMillisecondsToFirstToken == 1e8)

        let impossible = try await answer(request(AutoBudget(maximumSecondsToFirstToken: 1e-6)), model)
        let least = try #require(impossible.budgetChoice)
        #expect(least.tokens == 32 && !least.meetsTarget)
        #expect(impossible.images[0].kept == 32)
        #expect(try await answer(request(), model).budgetChoice == nil)
    }

    @Test(arguments: [3, 10, 17], [1, 2]) func memoryBoundsKeysAndValues(_ blocks: Int, _ pictures: Int) async throws {
        let model = try load()
        let base = 5_000_000
        model.setCostModel(freeOfTime(base: base))
        let bytes = blocks * 32 * Self.cacheBytesPerToken
        let result = try await answer(request(AutoBudget(maximumBytes: base + bytes), pictures: pictures), model)
        let choice = try #require(result.budgetChoice)
        let kept = result.images.reduce(0) { $0 + $1.kept }
        let text = result.promptTokens - kept
        // Blocks of keys and values, and the embeddings [kept, 256] in float32 until the answer is whole.
        func need(_ kept: Int) -> Int {
            (kept * pictures + text + 15 + 31) / 32 * 32 * Self.cacheBytesPerToken + kept * pictures * 4 * 256
        }
        let expected = max((1...Self.total).last { need($0) <= bytes } ?? 0, 32)
        #expect(choice.tokensPerImage == [Int](repeating: expected, count: pictures))
        #expect(choice.meetsTarget == (need(expected) <= bytes))
        #expect(!choice.meetsTarget || result.cacheBytes <= bytes)
        #expect(result.images.allSatisfy { $0.kept == expected })
    }

    @Test func refusals() async throws {
        let model = try load()
        model.setCostModel(freeOfTime(base: 0))
        await #expect(throws: InferenceError.self) { _ = try await answer(request(AutoBudget()), model) }
        var dropsNothing = request(AutoBudget(maximumBytes: 1 << 30))
        dropsNothing.selection.strategy = .full
        let refused = dropsNothing
        await #expect(throws: InferenceError.self) { _ = try await answer(refused, model) }
    }

    /// Runs a request while another holds all but four of 128 blocks.
    private func answerUnderLoad(_ second: GenerationRequest, floor: Int?) async throws -> GenerationResult {
        let model = try load {
            $0.cacheBytes = 128 * 32 * Self.cacheBytesPerToken
            $0.loadBudgetFloor = floor
        }
        var long = request(tokens: 1500)
        long.ignoresEndOfSequence = true
        let (started, continuation) = AsyncStream.makeStream(of: Int.self)
        let first = Task { [long] in
            for try await case .prefill(_, let tokens) in model.generate(long) { continuation.yield(tokens) }
        }
        defer { first.cancel() }
        let prompt = try #require(await started.first { _ in true })
        #expect((prompt + 1499 + 31) / 32 == 124)
        return try await answer(second, model)
    }

    @Test func budgetsAreLoweredUnderLoad() async throws {
        let result = try await answerUnderLoad(request(), floor: 40)
        let text = result.promptTokens - result.images[0].kept
        #expect(result.loweredFrom == Self.full)
        #expect(result.images[0].kept == 4 * 32 - text - 15)
        #expect(result.images[0].budget == result.images[0].kept)
        #expect(result.cacheBytes <= 4 * 32 * Self.cacheBytesPerToken)
    }

    @Test func theFloorIsHardAndOffByDefault() async throws {
        let floored = try await answerUnderLoad(request(), floor: 300)
        #expect(floored.images[0].kept == 300 && floored.loweredFrom == Self.full)
        var small = request()
        small.selection.budget = .tokens(64)
        let untouched = try await answerUnderLoad(small, floor: 40)
        #expect(untouched.images[0].kept == 64 && untouched.loweredFrom == nil)
        let off = try await answerUnderLoad(request(), floor: nil)
        #expect(off.images[0].kept == Self.full && off.loweredFrom == nil)
        #expect(EngineOptions().loadBudgetFloor == nil)
    }

    @Test func nobodyIsLoweredAlone() async throws {
        let model = try load { $0.loadBudgetFloor = 32 }
        let result = try await answer(request(), model)
        #expect(result.images[0].kept == Self.full && result.loweredFrom == nil)
    }

    @Test func warmingUpMeasuresAndChangesNoAnswer() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hired-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = try load(store: CostModelStore(folder: folder))
        // With caches: what the warm-up overwrites must not be found again.
        var question = request()
        question.reusesCaches = true
        let before = try await answer(question, model)
        let seen = Mutex<[WarmUpProgress]>([])
        let cost = try await model.warmUp { progress in seen.withLock { $0.append(progress) } }
        let after = try await answer(question, model)
        #expect(before.tokens == after.tokens)

        let steps = seen.withLock { $0 }
        #expect(steps.map(\.done) == Array(0..<steps.count))
        #expect(steps.allSatisfy { $0.total == steps.count })
        #expect(steps.last?.shape == .decode)
        for shape in [WarmUpProgress.Shape.views(1), .views(2), .prefill(tokens: 32), .prefill(tokens: 512)] {
            #expect(steps.contains { $0.shape == shape })
        }
        #expect(cost.isPlausible)
        #expect(cost.viewMilliseconds > 0 && cost.prefillMilliseconds(tokens: 512) > 0)
        #expect(cost.stepMilliseconds(rows: 1, past: 0) > 0)
        #expect(cost.cacheBytesPerToken == Self.cacheBytesPerToken)
        #expect(cost.baseBytes > 0)

        // The next one is spared the work.
        let next = try load(store: CostModelStore(folder: folder))
        let known = try await next.prepareAutoBudget { _ in Issue.record("nothing is to be measured") }
        #expect(known == cost)
    }
}
