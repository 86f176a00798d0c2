import Foundation
import HiRED
import Testing

@testable import HiREDInference

/// What is refused, when, and with which numbers.
@Suite struct EngineAdmissionTests {
    @Test func aDeadlineEndsARequestWhereverItIs() async throws {
        let model = try EngineFixture.model { $0.maximumSequences = 1 }
        var endless = try EngineFixture.request(tokens: 3000)
        endless.ignoresEndOfSequence = true
        var hurried = endless
        hurried.deadlineSeconds = 0.3
        await #expect(throws: InferenceError.deadlineExceeded(seconds: 0.3)) { _ = try await model.result(hurried) }
        // Its caller is told at once; the engine lets go of it, and of its number, between two steps.
        await model.admission.waitUntilEmpty()
        // One waits behind the other and never gets a block.
        let (errors, met) = try await model.drive { [endless, hurried] engine in
            let log = EventLog(model)
            try log.submit(endless, id: 1, to: engine)
            while engine.requests.first?.sequence?.decodeStart == nil { engine.iterate() }
            try log.submit(hurried, id: 2, to: engine)
            var met = false
            while engine.requests.count == 2 {
                engine.iterate()
                met = met || model.statistics().waiting == 1
            }
            log.cancel(1)
            try log.finish(engine)
            return (log.errors.mapValues { $0 as? InferenceError }, met)
        }
        #expect(met)
        #expect(errors == [2: .deadlineExceeded(seconds: 0.3)])
        var patient = try EngineFixture.request(tokens: 4)
        patient.deadlineSeconds = 1e300
        #expect(try await model.result(patient).tokens.count <= 4)
        for seconds in [0, -1, Double.nan] {
            var wrong = patient
            wrong.deadlineSeconds = seconds
            await #expect(throws: InferenceError.self) { _ = try await model.result(wrong) }
        }
        try await model.expectNothingLeft()
    }

    @Test func aFullQueueRefusesAndGoesOn() async throws {
        let model = try EngineFixture.model {
            $0.maximumSequences = 1
            $0.maximumWaiting = 2
        }
        let request = try EngineFixture.request(tokens: 4)
        let answered = try await model.drive { engine in
            let log = EventLog(model)
            for id in 1...3 { try log.submit(request, id: UInt64(id), to: engine) }
            #expect(throws: InferenceError.queueFull(limit: 2)) { try log.submit(request, id: 4, to: engine) }
            // None that was taken in is refused later.
            try log.finish(engine)
            try log.submit(request, id: 5, to: engine)
            try log.finish(engine)
            return log.results.keys.sorted()
        }
        #expect(answered == [1, 2, 3, 5])
        try await model.expectNothingLeft()
    }

    /// Pictures of one and of several views, one and two of them.
    @Test(arguments: [[10], [4], [6], [6, 6]], [1, 30, 400])
    func theBudgetThatIsNamedFitsAndTheNextDoesNot(_ pictures: [Int], _ tokens: Int) async throws {
        let model = try EngineFixture.model { $0.cacheBytes = 17 * EngineFixture.blockBytes }
        var request = try EngineFixture.request(pictures, budget: "full", tokens: tokens)
        request.reusesCaches = false
        var fitting = 0
        do {
            _ = try await model.result(request)
            Issue.record("it should not fit")
        } catch InferenceError.cacheTooSmall(let needed, let available, let budget) {
            #expect(available == 17 * EngineFixture.blockBytes)
            #expect(needed > available)
            #expect(needed % EngineFixture.blockBytes == 0)
            fitting = budget
        }
        try #require(fitting > 0)
        request.ignoresEndOfSequence = true
        request.selection.budget = .tokens(fitting)
        let result = try await model.result(request)
        #expect(result.tokens.count == tokens)
        #expect(result.images.allSatisfy { $0.kept <= fitting })
        request.selection.budget = .tokens(fitting + 1)
        await #expect(throws: InferenceError.self) { _ = try await model.result(request) }
        try await model.expectNothingLeft()
    }

    /// Numbers at the edge of an Int, with a text that the cache cannot hold.
    @Test(arguments: [Int.max, Int.max - 1, 1 << 62]) func endlessAnswersAreBounded(_ tokens: Int) async throws {
        let model = try EngineFixture.model { $0.cacheBytes = 2 * EngineFixture.blockBytes }
        let question = String(repeating: "What does the image say? ", count: 20)
        do {
            _ = try await model.result(try EngineFixture.request([10], question, tokens: tokens))
            Issue.record("it should not fit")
        } catch InferenceError.cacheTooSmall(let needed, let available, let budget) {
            #expect(needed > available)
            #expect(budget == 0)
        }
        var endless = try EngineFixture.request([10], tokens: tokens)
        (endless.selection.budget, endless.selection.alpha) = (.tokens(.max), 1)
        await #expect(throws: InferenceError.self) { _ = try await model.result(endless) }
        // Where there is room, the answer just ends.
        let roomy = try EngineFixture.model()
        let result = try await roomy.result(endless)
        #expect(result.finishReason == .stop)
    }

    @Test func noBudgetIsNamedWhereNoneFits() async throws {
        let model = try EngineFixture.model { $0.cacheBytes = 2 * EngineFixture.blockBytes }
        do {
            _ = try await model.result(try EngineFixture.request(tokens: 200))
            Issue.record("it should not fit")
        } catch InferenceError.cacheTooSmall(_, _, let budget) { #expect(budget == 0) }
        #expect(throws: InferenceError.self) {
            _ = try EngineFixture.model { $0.cacheBytes = EngineFixture.blockBytes - 1 }
        }
    }

    @Test(arguments: [
        (100, [30], 30), (20, [30], 20), (100, [30, 200], 70), (61, [30, 200], 31), (59, [30, 200], 29),
        (1, [5, 5], 0), (-4, [5], 0), (9, [], 0), (12, [9, 3, 9], 4),
    ])
    func roomIsSharedOut(_ room: Int, _ sizes: [Int], _ share: Int) {
        #expect(RequestPreparation.largestShare(of: room, among: sizes) == share)
    }

    @Test func aPromptLongerThanTheContextIsRefusedAtOnce() async throws {
        let model = try EngineFixture.model()
        var request = try EngineFixture.request(budget: "full")
        request.prompt = .raw("<image> " + String(repeating: "IS 42 ", count: 4000))
        let views = try await model.drive { [request] engine in
            let log = EventLog(model)
            do {
                try log.submit(request, id: 1, to: engine)
                Issue.record("it should not fit")
            } catch InferenceError.contextExceeded(let prompt, _, let limit) {
                #expect(limit == 4096)
                #expect(prompt >= limit)
            }
            return log.views(of: 1)
        }
        #expect(views == 0)
        // An answer ends with the context.
        request.prompt = .raw("<image>" + String(repeating: "a ", count: 1300))
        request.maximumTokens = .max
        request.ignoresEndOfSequence = true
        let result = try await model.result(request)
        #expect(result.promptTokens + result.tokens.count == 4096)
        #expect(result.finishReason == .length)
        try await model.expectNothingLeft()
    }
}
