import Foundation
import Scheduling
import Tokenization
import VisionEncoding

extension OpenVINOBackend {
    /// Computes one step and hands out its tokens.
    ///
    /// - Parameter afterVision: a view was encoded since the last step: running answers have waited long enough, so the
    ///   step reads no prompt for them.
    func runStep(_ engine: Engine, afterVision: Bool) {
        guard let step = scheduler.nextStep(maximumTokens: stepLimit(engine, afterVision: afterVision)) else { return }
        findPlaces(of: step, in: engine)
        note(engine, beginning: step)
        let start = ContinuousClock.now
        var failures: [(id: UInt64, error: any Error)] = []
        do {
            try engine.canceller.run(Set(stepPlaces.map { engine.requests[$0.request].id })) {
                language.copy(step)
                try compute(engine, step, failures: &failures)
            }
        } catch is CancellationError {
            // Nobody waits for it; those in it are ended next.
            scheduler.abandonStep()
            return
        } catch {
            outcomes.removeAll(keepingCapacity: true)
            failures = retry(engine, step, after: error)
        }
        note(engine, step, milliseconds: (ContinuousClock.now - start) / .milliseconds(1))
        let ended = scheduler.complete(outcomes) { [self] id, block in
            let (request, answer) = EngineRequest.names(of: id)
            guard options.reusesPrefixes, let place = engine.place(of: request),
                engine.requests[place].request.reusesCaches,
                let sequence = engine.requests[place].sequences.firstIndex(where: { $0.answer == answer })
            else { return nil }
            return engine.requests[place].sequences[sequence].content.key(
                of: block, blockSize: language.cache.blockSize)
        }
        for failure in failures { engine.fail(failure.id, failure.error) }
        for id in ended { engine.finish(EngineRequest.names(of: id)) }
        forkAnswers(engine, of: step)
    }

    /// Rows that the next step may have.
    private func stepLimit(_ engine: Engine, afterVision: Bool) -> Int {
        guard engine.isAnswering else {
            engine.metrics.update { $0.stepPlan = nil }
            return .max
        }
        let answering = engine.requests.reduce(0) { sum, request in
            sum + request.sequences.count { $0.decodeStart != nil && !$0.isEnded }
        }
        guard !afterVision else { return answering }
        pacer.use(engine.costs.model)
        let past = engine.requests.reduce(0) { most, request in
            max(most, request.isAnswering ? 0 : request.promptTokens)
        }
        let plan = pacer.plan(decoding: answering, past: past / 2)
        engine.metrics.update { $0.stepPlan = plan }
        return plan.rows
    }

    private func compute(_ engine: Engine, _ step: Step, failures: inout [(id: UInt64, error: any Error)]) throws {
        try beforeStep?(step)
        try language.load(step) { entry in
            let (place, answer) = stepPlaces[entry]
            return engine.requests[place].sequences[answer].content
        }
        try language.run(step) { row, logits in
            let (place, answer) = stepPlaces[sampled[row]]
            do { outcomes.append(try take(engine, logits, place: place, sequence: answer)) } catch {
                outcomes.append(.finished)
                failures.append((engine.requests[place].id, error))
            }
        }
    }

    /// Computes the entries of a failed step one by one, so that only the one at fault ends with the error.
    ///
    /// A failed step has sampled nothing, and what it wrote into blocks is written again.
    private func retry(_ engine: Engine, _ step: Step, after error: any Error) -> [(id: UInt64, error: any Error)] {
        engine.metrics.update { $0.failedSteps += 1 }
        var failures: [(id: UInt64, error: any Error)] = []
        let (places, entries) = (stepPlaces, step.entries)
        defer { stepPlaces = places }
        for (number, entry) in entries.enumerated() {
            let id = engine.requests[places[number].request].id
            do {
                guard entries.count > 1 else { throw error }
                var single = Step()
                single.entries = [entry]
                stepPlaces = [places[number]]
                sampled = entry.samples ? [0] : []
                try engine.canceller.run([id]) { try compute(engine, single, failures: &failures) }
            } catch {
                scheduler.fail(entry.id)
                // One that was cancelled meanwhile is ended as such.
                if !(error is CancellationError) { failures.append((id, error)) }
            }
        }
        return failures
    }

    /// Fills the buffers of a step. Entries come nearly in the order of requests, so that the search is short.
    private func findPlaces(of step: Step, in engine: Engine) {
        stepPlaces.removeAll(keepingCapacity: true)
        sampled.removeAll(keepingCapacity: true)
        outcomes.removeAll(keepingCapacity: true)
        var place = 0
        for (number, entry) in step.entries.enumerated() {
            let (request, answer) = EngineRequest.names(of: entry.id)
            var passed = 0
            while engine.requests[place].id != request {
                place = place + 1 == engine.requests.count ? 0 : place + 1
                passed += 1
                precondition(passed <= engine.requests.count, "the scheduler holds only sequences of known requests")
            }
            guard let sequence = engine.requests[place].sequences.firstIndex(where: { $0.answer == answer }) else {
                preconditionFailure("the scheduler holds only sequences of known answers")
            }
            stepPlaces.append((place, sequence))
            if entry.samples { sampled.append(number) }
        }
    }

    /// A request waits in the queue until the first step that computes it.
    private func note(_ engine: Engine, beginning step: Step) {
        for (place, _) in stepPlaces { engine.noteBegun(place) }
    }

    /// Adds a step's time to the requests in it.
    private func note(_ engine: Engine, _ step: Step, milliseconds: Double) {
        var (past, prompts) = (0, 0)
        for (entry, (place, answer)) in zip(step.entries, stepPlaces) {
            engine.requests[place].sequences[answer].blockCount = entry.blockTable.count
            if engine.requests[place].sequences[answer].reusedTokens == nil {
                engine.requests[place].sequences[answer].reusedTokens = entry.positions.lowerBound
            }
            guard entry.positions.lowerBound < engine.requests[place].promptTokens else { continue }
            past = max(past, entry.positions.lowerBound)
            prompts += entry.positions.count
            engine.requests[place].timings.prefill += milliseconds
            // What samples has told of its first token already.
            if !entry.samples {
                engine.requests[place].channel.emit(
                    .prefill(done: entry.positions.upperBound, total: engine.requests[place].promptTokens))
            }
        }
        pacer.record(rows: step.tokenCount, past: past, milliseconds: milliseconds)
        engine.metrics.update { statistics in
            if prompts > 1, prompts == step.tokenCount {
                statistics.prefillTokensPerSecond.record(Double(prompts) / max(milliseconds, 1e-3) * 1000)
            }
        }
    }
}
