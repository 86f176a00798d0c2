import Foundation
import HiRED
import Scheduling
import Testing

@testable import HiREDInference

/// Requests that are given up, at any moment.
@Suite struct EngineCancellationTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func survivorsAnswerAsIfNothingHadBeen(seed: UInt64) async throws {
        let model = try EngineFixture.model { $0.cacheBytes = 110 * EngineFixture.blockBytes }
        let requests = try EngineFixture.mixed(10, seed: seed, longest: 40)
        var expected: [Answer] = []
        for request in requests { expected.append(try await model.aloneAnswer(request)) }
        let outcome = try await model.drive { engine in
            var generator = SplitMix64(seed: seed)
            let log = EventLog(model)
            var cancelled: Set<SequenceID> = []
            for (place, request) in requests.enumerated() {
                try log.submit(request, id: UInt64(place), to: engine)
            }
            while engine.hasWork {
                if cancelled.count < 5, Int.random(in: 0..<6, using: &generator) == 0,
                    let victim = engine.requests.randomElement(using: &generator)
                {
                    cancelled.insert(victim.id)
                    log.cancel(victim.id)
                }
                engine.iterate()
                try engine.openVINO.scheduler.checkInvariants()
            }
            return (
                cancelled, log.results.mapValues { Answer($0) }, log.cancelled
            )
        }
        let (cancelled, answers, ended) = outcome
        #expect(cancelled.count == 5)
        #expect(ended == cancelled.sorted())
        for place in requests.indices where !cancelled.contains(UInt64(place)) {
            #expect(answers[UInt64(place)] == expected[place], "request \(place)")
        }
        try await model.expectNothingLeft()
    }

    /// Where a request stands when it is cancelled.
    enum Moment: CaseIterable {
        case beforeVision, betweenViews, inPrefill, inDecode, whilePreempted
    }

    @Test(arguments: Moment.allCases)
    func aRequestCanBeCancelledAtEveryStage(_ moment: Moment) async throws {
        let model = try EngineFixture.model {
            $0.cacheBytes = 80 * EngineFixture.blockBytes
            $0.maximumStepTokens = 64
        }
        var first = try EngineFixture.request([9], budget: "40%", tokens: 200)
        var second = try EngineFixture.request([10], budget: "40%", tokens: 200)
        first.ignoresEndOfSequence = true
        second.ignoresEndOfSequence = true
        let expected = try await model.aloneAnswer(first)
        let (answer, wasCancelled, met) = try await model.drive { [first, second] engine in
            let log = EventLog(model)
            try log.submit(first, id: 1, to: engine)
            // A running answer makes views come one by one.
            while engine.requests.first?.sequence?.decodeStart == nil { engine.iterate() }
            try log.submit(second, id: 2, to: engine)
            var met = false
            while engine.hasWork {
                let other = engine.requests.first { $0.id == 2 }
                let job = other?.images.first?.job
                let isRunning = engine.openVINO.scheduler.statistics.running == 2
                let isHere =
                    switch moment {
                    case .beforeVision: job?.hasBegun == false
                    case .betweenViews: job?.hasBegun == true
                    case .inPrefill: other?.sequence.map { $0.decodeStart == nil && $0.reusedTokens != nil } ?? false
                    case .inDecode: isRunning && other?.sequence?.decodeStart != nil
                    case .whilePreempted: !isRunning && other?.sequence?.decodeStart != nil
                    }
                if isHere, !met {
                    met = true
                    log.cancel(2)
                }
                engine.iterate()
                try engine.openVINO.scheduler.checkInvariants()
            }
            return (log.results[1].map { Answer($0) }, log.cancelled == [2], met)
        }
        #expect(met)
        #expect(wasCancelled)
        #expect(answer == expected)
        try await model.expectNothingLeft()
        #expect(try await model.aloneAnswer(first) == expected)
    }

    @Test func tasksAndIterationsEndRequests() async throws {
        let model = try EngineFixture.model { $0.cacheBytes = 130 * EngineFixture.blockBytes }
        let requests = try EngineFixture.mixed(24, seed: 8, longest: 60)
        var expected: [Answer] = []
        for request in requests { expected.append(try await model.aloneAnswer(request)) }
        let right = await withTaskGroup(of: Bool.self) { group in
            for (place, request) in requests.enumerated() {
                switch place % 4 {
                case 0, 1:
                    group.addTask { [answer = expected[place]] in
                        (try? await model.result(request)).map { Answer($0) } == answer
                    }
                case 2:
                    // Breaks off after some events, sometimes at once.
                    group.addTask {
                        var events = 0
                        do {
                            for try await _ in model.generate(request) {
                                events += 1
                                if events > place / 2 { break }
                            }
                        } catch { return false }
                        return true
                    }
                default:
                    // Cancelled from outside, sometimes before it reached the engine.
                    let task = Task { try await model.result(request) }
                    group.addTask {
                        for _ in 0..<place * 20 { await Task.yield() }
                        task.cancel()
                        _ = await task.result
                        return true
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(right.count == 24)
        #expect(right.allSatisfy { $0 })
        // Streams that nobody ever reads.
        for request in requests.prefix(8) { _ = model.generate(request) }
        #expect(try await model.aloneAnswer(requests[0]) == expected[0])
        try await model.expectNothingLeft()
    }

    @Test func aCancellationThatComesTooLateLeavesNothing() async throws {
        let model = try EngineFixture.model()
        let request = try EngineFixture.request(tokens: 1)
        try await model.drive { engine in
            let log = EventLog(model)
            #expect(throws: Never.self) {
                try log.submit(request, id: 1, to: engine)
                try log.finish(engine)
            }
            log.cancel(1)
        }
        try await model.expectNothingLeft()
    }

    @Test(arguments: [0, 1, 2])
    func aRequestThatEndsTakesItsDeadlineWithIt(way: Int) {
        let channel = RequestChannel(id: 1, answers: 1) { _ in
        } end: { _ in
        }
        channel.arm(deadlineSeconds: 3600)
        #expect(channel.isArmed)
        switch way {
        case 0: channel.finish(.success(nil))
        case 1: channel.cancel()
        default: channel.expire(seconds: 3600)
        }
        #expect(!channel.isArmed)
        // Nor does one that is over take another.
        channel.arm(deadlineSeconds: 3600)
        #expect(!channel.isArmed)
    }
}
