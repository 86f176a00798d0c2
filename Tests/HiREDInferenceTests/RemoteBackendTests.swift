import Foundation
import HiRED
import Synchronization
import Testing

@testable import HiREDInference

/// A language model elsewhere that says what a test tells it to.
private final class FakeRemote: RemoteLanguageModel {
    typealias Script = @Sendable (RemotePrompt, @Sendable (RemoteEvent) -> Void) async throws -> Void

    private struct State {
        var prompts: [RemotePrompt] = []
        var running = 0
        var mostRunning = 0
        var cancelled = 0
        var unavailability: RemoteLanguageError?
    }

    let context: Int
    let concurrency: Int
    let identity = "fake"
    let statistics = [UpstreamStatistics(url: "fake", isAvailable: true)]
    private let script: Script
    private let state = Mutex(State())

    init(context: Int = 4096, concurrency: Int = 64, _ script: @escaping Script) {
        (self.context, self.concurrency, self.script) = (context, concurrency, script)
    }

    var unavailability: RemoteLanguageError? {
        get { state.withLock { $0.unavailability } }
        set { state.withLock { $0.unavailability = newValue } }
    }
    var prompts: [RemotePrompt] { state.withLock { $0.prompts } }
    var running: Int { state.withLock { $0.running } }
    var mostRunning: Int { state.withLock { $0.mostRunning } }
    var cancelled: Int { state.withLock { $0.cancelled } }

    func answer(_ prompt: RemotePrompt, receive: @escaping @Sendable (RemoteEvent) -> Void) async throws {
        state.withLock { state in
            state.prompts.append(prompt)
            state.running += 1
            state.mostRunning = max(state.mostRunning, state.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        do { try await script(prompt, receive) } catch {
            if error is CancellationError { state.withLock { $0.cancelled += 1 } }
            throw error
        }
    }

    func waitUntil(_ condition: (FakeRemote) -> Bool) async throws {
        for _ in 0..<4000 where !condition(self) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(condition(self))
    }
}

@Suite struct RemoteBackendTests {
    private func model(
        _ remote: FakeRemote, _ change: (inout EngineOptions) -> Void = { _ in }
    ) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        options.costModels = CostModelStore(folder: nil)
        options.remote = remote
        change(&options.engine)
        return try VisionLanguageModel(contentsOf: EngineFixture.demo, options: options)
    }

    /// Hands out tokens one by one.
    private static func say(
        _ tokens: [Int32], _ end: RemoteEvent.End, answer: Int = 0, _ receive: @Sendable (RemoteEvent) -> Void
    ) {
        for (place, token) in tokens.enumerated() {
            receive(.tokens(answer: answer, [.init(id: token)], end: place == tokens.count - 1 ? end : nil))
        }
    }

    /// The same tokens give the same answer as here, and what is sent is what is computed with here.
    @Test func anAnswerFromElsewhereIsLikeOneFromHere() async throws {
        let local = try EngineFixture.model()
        let request = try EngineFixture.request([4])
        let expected = try await local.result(request)
        let remote = FakeRemote { prompt, receive in
            receive(.sent)
            Self.say(expected.tokens, .stop, receive)
        }
        let model = try model(remote)
        let result = try await model.result(request)
        #expect(result.answers == expected.answers)
        #expect(result.promptTokens == expected.promptTokens && result.images == expected.images)
        #expect(result.cacheBytes == 0 && result.timings.upload != nil && expected.timings.upload == nil)
        #expect(model.cacheCapacity == 0)

        let prompt = try #require(remote.prompts.first)
        let width = local.description.config.text.hiddenSize
        #expect(prompt.width == width && prompt.tokenCount == expected.promptTokens)
        #expect(
            prompt.maximumTokens == 24 && prompt.endTokens == local.description.generation.endTokenIDs.map(Int32.init))
        let image = try await local.embeddings(of: EngineFixture.picture(4), options: request.selection)
        let starts = (0...(prompt.rows.count - image.count) / width).filter { row in
            prompt.rows[(row * width)..<(row * width + image.count)].elementsEqual(image)
        }
        #expect(starts.count == 1)
        #expect(prompt.rows.count - image.count == (expected.promptTokens - image.count / width) * width)
        // The picture's prompts are to meet again, and those of another picture elsewhere.
        _ = try await model.result(try EngineFixture.request([4], "What number is written?"))
        _ = try await model.result(try EngineFixture.request([5]))
        #expect(remote.prompts[1].affinity == prompt.affinity && remote.prompts[2].affinity != prompt.affinity)
        try await model.expectNothingOut()
    }

    /// What the remote does not know: stop strings, and how many tokens are enough.
    @Test func stopStringsEndTheWorkElsewhere() async throws {
        let local = try EngineFixture.model()
        var request = try EngineFixture.request([4])
        let whole = try await local.result(request)
        let stop = String(whole.answer.suffix(2))
        request.sampling.stop = [stop]
        let remote = FakeRemote { _, receive in
            for token in whole.tokens { receive(.tokens(answer: 0, [.init(id: token)], end: nil)) }
            // And goes on for ever.
            try await Task.sleep(for: .seconds(3600))
        }
        let model = try model(remote)
        let result = try await model.result(request)
        #expect(result.answer == (try await local.result(request)).answer)
        #expect(result.finishReason == .stop)
        try await remote.waitUntil { $0.cancelled == 1 }

        request.sampling.stop = []
        request.maximumTokens = 3
        let short = try await model.result(request)
        #expect(short.tokens.count == 3 && short.finishReason == .length)
        try await remote.waitUntil { $0.cancelled == 2 }
        try await model.expectNothingOut()
    }

    @Test func whoLeavesIsNotWorkedForElsewhere() async throws {
        let remote = FakeRemote { _, receive in
            receive(.tokens(answer: 0, [.init(id: 40)], end: nil))
            try await Task.sleep(for: .seconds(3600))
        }
        let model = try model(remote)
        let stream = model.generate(try EngineFixture.request())
        for try await case .token in stream { break }
        stream.cancel()
        try await remote.waitUntil { $0.cancelled == 1 && $0.running == 0 }
        var hurried = try EngineFixture.request()
        hurried.deadlineSeconds = 0.5
        await #expect(throws: InferenceError.deadlineExceeded(seconds: 0.5)) { try await model.result(hurried) }
        try await remote.waitUntil { $0.running == 0 }
        try await model.expectNothingOut()
    }

    /// Pictures wait here while as many prompts are out as may be.
    @Test func onlySoManyPromptsAreOutAtOnce() async throws {
        let remote = FakeRemote(concurrency: 2) { _, receive in
            try await Task.sleep(for: .milliseconds(20))
            Self.say([40, 41], .length, receive)
        }
        let model = try model(remote)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<24 {
                group.addTask {
                    let request = try EngineFixture.request([number], tokens: 2)
                    return try await model.result(request).tokens.count
                }
            }
            for try await count in group { #expect(count == 2) }
        }
        #expect(remote.mostRunning == 2)
        #expect(remote.prompts.count == 24)
        try await model.expectNothingOut()
    }

    @Test func severalAnswersComeFromOnePrompt() async throws {
        let remote = FakeRemote { _, receive in
            receive(.tokens(answer: 1, [.init(id: 50)], end: nil))
            Self.say([40, 41, 2], .stop, answer: 0, receive)
            receive(.tokens(answer: 1, [.init(id: 51)], end: .length))
        }
        let model = try model(remote)
        var request = try EngineFixture.request(tokens: 8)
        request.answerCount = 2
        request.sampling = SamplingOptions(temperature: 1, seed: 5)
        let result = try await model.result(request)
        #expect(result.answers.map(\.tokens) == [[40, 41, 2], [50, 51]])
        #expect(result.answers.map(\.finishReason) == [.stop, .length])
        #expect(remote.prompts.first?.answerCount == 2 && remote.prompts.first?.sampling.seed == 5)
    }

    @Test func whatGoesWrongElsewhereEndsThatRequest() async throws {
        let failure = RemoteLanguageError.interrupted(url: "fake", reason: "EngineCore died")
        let remote = FakeRemote { prompt, receive in
            receive(.tokens(answer: 0, [.init(id: 40)], end: nil))
            if prompt.maximumTokens == 5 { throw failure }
            if prompt.maximumTokens == 6 { return }
            receive(.tokens(answer: 0, [.init(id: 41)], end: .length))
        }
        let model = try model(remote)
        await #expect(throws: failure) { try await model.result(try EngineFixture.request(tokens: 5)) }
        // Everything was said, and no end of the answer.
        await #expect(throws: RemoteLanguageError.self) { try await model.result(try EngineFixture.request(tokens: 6)) }
        #expect(try await model.result(try EngineFixture.request(tokens: 2)).tokens == [40, 41])
        // It is shorter than asked for where the remote has no more room.
        let short = try await model.result(try EngineFixture.request(tokens: 9))
        #expect(short.tokens == [40, 41] && short.finishReason == .length)
        try await model.expectNothingOut()
    }

    /// Obeyed, or refused by name: nothing is left out in silence.
    @Test func whatEmbeddingsCannotDoIsRefused() async throws {
        let remote = FakeRemote { _, receive in Self.say([40], .length, receive) }
        let model = try model(remote)
        let changes: [(Parameter, @Sendable (inout SamplingOptions) -> Void)] = [
            (.repetitionPenalty, { $0.repetitionPenalty = 1.1 }), (.presencePenalty, { $0.presencePenalty = 0.5 }),
            (.frequencyPenalty, { $0.frequencyPenalty = 0.5 }), (.suppressedTokens, { $0.suppressedTokens = [7] }),
            (.suppressedTokens, { $0.forbiddenWords = [[7]] }), (.noRepeatRunLength, { $0.noRepeatRunLength = 2 }),
            (.minimumTokens, { $0.minimumLength = 9 }),
        ]
        for (parameter, change) in changes {
            var request = try EngineFixture.request()
            change(&request.sampling)
            await #expect("\(parameter)") { try await model.result(request) } throws: { error in
                guard case InferenceError.invalidOption(parameter, _, _) = error else { return false }
                return true
            }
        }
        #expect(remote.prompts.isEmpty)
    }

    /// The shorter of both contexts bounds a prompt, before any picture is decoded.
    @Test func theContextElsewhereBoundsAPrompt() async throws {
        let remote = FakeRemote(context: 200) { _, receive in Self.say([40], .length, receive) }
        let model = try model(remote)
        await #expect { try await model.result(try EngineFixture.request(budget: "full", tokens: 8)) } throws: {
            error in
            guard case InferenceError.contextExceeded(let prompt, 8, 200) = error else { return false }
            return prompt > 600
        }
        let request = try EngineFixture.request(budget: "64", tokens: 500)
        _ = try await model.result(request)
        let prompt = try #require(remote.prompts.first)
        #expect(prompt.tokenCount + prompt.maximumTokens == 200)
    }

    @Test func nobodyElsewhereIsToldAtOnce() async throws {
        let remote = FakeRemote { _, receive in Self.say([40], .length, receive) }
        let model = try model(remote)
        remote.unavailability = .unavailable("fake: gone")
        await #expect(throws: RemoteLanguageError.unavailable("fake: gone")) {
            try await model.result(try EngineFixture.request())
        }
        #expect(model.unavailability != nil)
        // A selection needs no language model.
        _ = try await model.select(EngineFixture.picture(4), options: try EngineFixture.request().selection)
        remote.unavailability = nil
        #expect(try await model.result(try EngineFixture.request(tokens: 1)).tokens == [40])
        #expect(model.statistics().upstreams.count == 1)
    }

    /// Automatic budgets are chosen by how fast the remote was.
    @Test func aBudgetIsFittedToTheRemote() async throws {
        let remote = FakeRemote { prompt, receive in
            // A millisecond for eight tokens.
            try await Task.sleep(for: .milliseconds(prompt.tokenCount / 8))
            Self.say([Int32](repeating: 40, count: prompt.maximumTokens), .length, receive)
        }
        let model = try model(remote)
        let cost = try await model.warmUp()
        #expect(cost.prefillMilliseconds(tokens: 512) > cost.prefillMilliseconds(tokens: 64))
        #expect(cost.prefillMilliseconds(tokens: 512) > 60)
        #expect(cost.cacheBytesPerToken == 0)
        #expect(remote.prompts.allSatisfy { !$0.reusesCaches })
        var request = try EngineFixture.request(tokens: 2)
        request.autoBudget = AutoBudget(maximumSecondsToFirstToken: 1000)
        let choice = try #require(try await model.result(request).budgetChoice)
        #expect(choice.meetsTarget && choice.tokens > 400)
    }
}

extension VisionLanguageModel {
    /// Checks that nothing is left of any request, here or elsewhere.
    fileprivate func expectNothingOut(_ location: SourceLocation = #_sourceLocation) async throws {
        await admission.waitUntilEmpty()
        try await drive { engine in
            #expect(engine.requests.isEmpty, sourceLocation: location)
            #expect(engine.backend.isIdle, sourceLocation: location)
            #expect(engine.canceller.openCount == 0, sourceLocation: location)
        }
    }
}
