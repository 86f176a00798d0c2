import Foundation
import HiRED
import Scheduling
import Synchronization
import Testing

@testable import HiREDInference

/// What must not wait for the model: everything but the stream of an answer.
@Suite struct EngineGateTests {
    /// Holds a step until it is opened.
    private final class Gate: Sendable {
        private let entered = DispatchSemaphore(value: 0)
        private let opened = DispatchSemaphore(value: 0)
        private let count = Atomic(0)

        /// Called on the engine's thread; only the first step is held.
        func pass() {
            guard count.add(1, ordering: .relaxed).oldValue == 0 else { return }
            entered.signal()
            opened.wait()
        }

        func waitUntilAStepIsHeld() async {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    self.entered.wait()
                    continuation.resume()
                }
            }
        }

        func open() { opened.signal() }
    }

    private func hold(_ model: VisionLanguageModel) async throws -> Gate {
        let gate = Gate()
        try await model.drive { engine in engine.openVINO.beforeStep = { _ in gate.pass() } }
        return gate
    }

    @Test func nothingWaitsForAStep() async throws {
        let model = try EngineFixture.model {
            $0.maximumSequences = 1
            $0.maximumWaiting = 2
        }
        let gate = try await hold(model)
        let request = try EngineFixture.request(tokens: 8)
        let held = model.generate(request)
        await gate.waitUntilAStepIsHeld()

        // Taken in, prepared and counted.
        let second = model.generate(try EngineFixture.request([4], tokens: 8))
        let events = second.makeAsyncIterator()
        guard case .accepted(let place)? = try await events.next() else {
            Issue.record("a place comes first")
            return
        }
        #expect(place == 0 || place == 1)
        guard case .counted(let count)? = try await events.next() else {
            Issue.record("the count comes second")
            return
        }
        #expect(count == (try model.count(try EngineFixture.request([4], tokens: 8))))
        #expect(count.images.count == 1 && count.promptTokens > count.textTokens)

        // Cancelled: the last event says so, and its place is free again once the step is over.
        second.cancel()
        guard case .finished(let result)? = try await events.next() else {
            Issue.record("a cancelled request ends with its result")
            return
        }
        #expect(result.finishReason == .cancelled && result.promptTokens == count.promptTokens)
        #expect(try await events.next() == nil)

        // Expired while it waits.
        var hurried = request
        hurried.deadlineSeconds = 0.05
        await #expect(throws: InferenceError.deadlineExceeded(seconds: 0.05)) {
            for try await _ in model.generate(hurried) {}
        }

        // Those two give their places back without the engine: at once, or when the step of preparation that they are in
        // ends. With as many waiting as may, the next is refused, with the numbers.
        for _ in 0..<20_000 where model.admission.gauges.requests > 1 { try await Task.sleep(for: .milliseconds(1)) }
        let waiting = (0..<2).map { _ in model.generate(request) }
        await #expect(throws: InferenceError.queueFull(limit: 2)) { for try await _ in model.generate(request) {} }
        let statistics = model.statistics()
        #expect(statistics.refused.values.reduce(0, +) == 1)
        #expect(statistics.blockCount > 0)

        gate.open()
        for stream in [held] + waiting {
            var answer: GenerationResult?
            for try await case .finished(let result) in stream { answer = result }
            #expect(try #require(answer).finishReason != .cancelled)
        }
        try await model.expectNothingLeft()
    }

    @Test func aRequestThatLeavesASharedStepEndsAtOnceAndTheOthersGoOn() async throws {
        let model = try EngineFixture.model()
        // Long enough for both to be answered at once, however small the pieces in which a slow machine reads prompts.
        var requests = try (0..<2).map { try EngineFixture.request([$0 + 8], tokens: 120) }
        for place in requests.indices { requests[place].ignoresEndOfSequence = true }
        let expected = try await model.aloneAnswer(requests[0])
        let (answer, seen) = try await model.drive { [requests] engine in
            let log = EventLog(model)
            try log.submit(requests[0], id: 1, to: engine)
            try log.submit(requests[1], id: 2, to: engine)
            var seen: GenerationResult.FinishReason?
            engine.openVINO.beforeStep = { step in
                guard step.entries.count == 2, step.sampledCount == 2, seen == nil else { return }
                // In the midst of a shared step: the caller is told before it ends.
                log.cancel(2)
                seen = log.results[2]?.finishReason
            }
            try log.finish(engine)
            engine.openVINO.beforeStep = nil
            return (log.results[1].map { Answer($0) }, seen)
        }
        #expect(seen == .cancelled)
        #expect(answer == expected)
        try await model.expectNothingLeft()
    }

    /// The step that serves nobody any more is stopped, and the blocks are free.
    @Test func aStepThatServesACancelledRequestAloneIsGivenUp() async throws {
        let model = try EngineFixture.model()
        let request = try EngineFixture.request(budget: "full", tokens: 8)
        let steps = try await model.drive { engine in
            let log = EventLog(model)
            try log.submit(request, id: 1, to: engine)
            var steps = 0
            engine.openVINO.beforeStep = { _ in
                steps += 1
                log.cancel(1)
                // As the runtime does when it is stopped.
                throw CancellationError()
            }
            try log.finish(engine)
            engine.openVINO.beforeStep = nil
            #expect(log.cancelled == [1])
            return steps
        }
        #expect(steps == 1)
        try await model.expectNothingLeft()
    }

    private struct Fault: Error {}

    @Test func aFailingStepIsRetriedEntryByEntry() async throws {
        let model = try EngineFixture.model()
        var requests = try (0..<3).map { try EngineFixture.request([$0 + 8], tokens: 60) }
        for place in requests.indices { requests[place].ignoresEndOfSequence = true }
        var expected: [Answer] = []
        for request in requests { expected.append(try await model.aloneAnswer(request)) }
        let (answers, errors, failed) = try await model.drive { [requests] engine in
            let log = EventLog(model)
            for (place, request) in requests.enumerated() { try log.submit(request, id: UInt64(place + 1), to: engine) }
            var decoded = 0
            engine.openVINO.beforeStep = { step in
                // Once all three decode, whatever holds the second one fails.
                if step.entries.count == 3, step.sampledCount == 3 { decoded += 1 }
                guard decoded > 2, step.entries.contains(where: { EngineRequest.names(of: $0.id).request == 2 }) else {
                    return
                }
                throw Fault()
            }
            try log.finish(engine)
            engine.openVINO.beforeStep = nil
            return (
                [1, 3].map { log.results[$0].map { Answer($0) } },
                log.errors.filter { $0.value is Fault }.keys.sorted(),
                model.statistics().failedSteps
            )
        }
        #expect(answers == [expected[0], expected[2]])
        #expect(errors == [2])
        #expect(failed == 1)
        try await model.expectNothingLeft()
    }

    @Test func drainingFinishesWhatRunsAndRefusesWhatComes() async throws {
        let model = try EngineFixture.model()
        let gate = try await hold(model)
        let request = try EngineFixture.request(tokens: 8)
        let running = model.generate(request)
        await gate.waitUntilAStepIsHeld()
        async let drained: Void = model.drain()
        while model.isAccepting { await Task.yield() }
        await #expect(throws: InferenceError.draining) { for try await _ in model.generate(request) {} }
        gate.open()
        await drained
        var last: GenerationResult?
        for try await case .finished(let result) in running { last = result }
        #expect(last?.finishReason == .stop || last?.finishReason == .length)
        try await model.expectNothingLeft()
    }

    @Test func shuttingDownCancelsWhatRuns() async throws {
        let model = try EngineFixture.model()
        var endless = try EngineFixture.request(tokens: 3000)
        endless.ignoresEndOfSequence = true
        let gate = try await hold(model)
        let streams = (0..<3).map { _ in model.generate(endless) }
        await gate.waitUntilAStepIsHeld()
        async let stopped: Void = model.shutDown()
        // Told at once, while the step still runs.
        for stream in streams {
            var last: GenerationResult?
            for try await case .finished(let result) in stream { last = result }
            #expect(last?.finishReason == .cancelled)
        }
        gate.open()
        await stopped
        #expect(model.statistics().ended == ["cancelled": 3])
        try await model.expectNothingLeft()
    }
}
