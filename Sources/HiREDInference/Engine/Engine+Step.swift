import Foundation
import Scheduling
import Tokenization
import VisionEncoding

extension Engine {
    /// Computes one step and hands out its tokens.
    ///
    /// - Parameter afterVision: a view was encoded since the last step: running answers have waited long enough, so the
    ///   step reads no prompt for them.
    func runStep(afterVision: Bool) {
        guard let step = scheduler.nextStep(maximumTokens: stepLimit(afterVision: afterVision)) else { return }
        findPlaces(of: step)
        note(beginning: step)
        let start = ContinuousClock.now
        var failures: [(id: UInt64, error: any Error)] = []
        do {
            try canceller.run(Set(stepPlaces.map { requests[$0.request].id })) {
                language.copy(step)
                try compute(step, failures: &failures)
            }
        } catch is CancellationError {
            // Nobody waits for it; those in it are ended next.
            scheduler.abandonStep()
            return
        } catch {
            outcomes.removeAll(keepingCapacity: true)
            failures = retry(step, after: error)
        }
        note(step, milliseconds: (ContinuousClock.now - start) / .milliseconds(1))
        let ended = scheduler.complete(outcomes) { [self] id, block in
            let (request, answer) = EngineRequest.names(of: id)
            guard options.reusesPrefixes, let place = place(of: request), requests[place].request.reusesCaches,
                let sequence = requests[place].sequences.firstIndex(where: { $0.answer == answer })
            else { return nil }
            return requests[place].sequences[sequence].content.key(of: block, blockSize: language.cache.blockSize)
        }
        for failure in failures { fail(failure.id, failure.error) }
        for id in ended { finish(EngineRequest.names(of: id)) }
        forkAnswers(of: step)
    }

    /// Rows that the next step may have.
    private func stepLimit(afterVision: Bool) -> Int {
        guard isAnswering else {
            metrics.update { $0.stepPlan = nil }
            return .max
        }
        let answering = requests.reduce(0) { sum, request in
            sum + request.sequences.count { $0.decodeStart != nil && !$0.isEnded }
        }
        guard !afterVision else { return answering }
        pacer.use(costs.model)
        let past = requests.reduce(0) { most, request in
            max(most, request.isAnswering ? 0 : request.promptTokens)
        }
        let plan = pacer.plan(decoding: answering, past: past / 2)
        metrics.update { $0.stepPlan = plan }
        return plan.rows
    }

    private func compute(_ step: Step, failures: inout [(id: UInt64, error: any Error)]) throws {
        try beforeStep?(step)
        try language.load(step) { entry in
            let (place, answer) = stepPlaces[entry]
            return requests[place].sequences[answer].content
        }
        try language.run(step) { row, logits in
            let (place, answer) = stepPlaces[sampled[row]]
            do { outcomes.append(try take(logits, place: place, sequence: answer)) } catch {
                outcomes.append(.finished)
                failures.append((requests[place].id, error))
            }
        }
    }

    /// Computes the entries of a failed step one by one, so that only the one at fault ends with the error.
    ///
    /// A failed step has sampled nothing, and what it wrote into blocks is written again.
    private func retry(_ step: Step, after error: any Error) -> [(id: UInt64, error: any Error)] {
        metrics.update { $0.failedSteps += 1 }
        var failures: [(id: UInt64, error: any Error)] = []
        let (places, entries) = (stepPlaces, step.entries)
        defer { stepPlaces = places }
        for (number, entry) in entries.enumerated() {
            let id = requests[places[number].request].id
            do {
                guard entries.count > 1 else { throw error }
                var single = Step()
                single.entries = [entry]
                stepPlaces = [places[number]]
                sampled = entry.samples ? [0] : []
                try canceller.run([id]) { try compute(single, failures: &failures) }
            } catch {
                scheduler.fail(entry.id)
                // One that was cancelled meanwhile is ended as such.
                if !(error is CancellationError) { failures.append((id, error)) }
            }
        }
        return failures
    }

    /// Fills the buffers of a step. Entries come nearly in the order of requests, so that the search is short.
    private func findPlaces(of step: Step) {
        stepPlaces.removeAll(keepingCapacity: true)
        sampled.removeAll(keepingCapacity: true)
        outcomes.removeAll(keepingCapacity: true)
        var place = 0
        for (number, entry) in step.entries.enumerated() {
            let (request, answer) = EngineRequest.names(of: entry.id)
            var passed = 0
            while requests[place].id != request {
                place = place + 1 == requests.count ? 0 : place + 1
                passed += 1
                precondition(passed <= requests.count, "the scheduler holds only sequences of known requests")
            }
            guard let sequence = requests[place].sequences.firstIndex(where: { $0.answer == answer }) else {
                preconditionFailure("the scheduler holds only sequences of known answers")
            }
            stepPlaces.append((place, sequence))
            if entry.samples { sampled.append(number) }
        }
    }

    /// A request waits in the queue until the first step that computes it.
    private func note(beginning step: Step) {
        for (place, _) in stepPlaces where !requests[place].hasBegun {
            requests[place].hasBegun = true
            admission.begin(requests[place].id)
            let seconds = requests[place].elapsed / 1000
            metrics.update { $0.queueSeconds.record(seconds) }
        }
    }

    /// Adds a step's time to the requests in it.
    private func note(_ step: Step, milliseconds: Double) {
        var (past, prompts) = (0, 0)
        for (entry, (place, answer)) in zip(step.entries, stepPlaces) {
            requests[place].sequences[answer].blockCount = entry.blockTable.count
            if requests[place].sequences[answer].reusedTokens == nil {
                requests[place].sequences[answer].reusedTokens = entry.positions.lowerBound
            }
            guard entry.positions.lowerBound < requests[place].promptTokens else { continue }
            past = max(past, entry.positions.lowerBound)
            prompts += entry.positions.count
            requests[place].timings.prefill += milliseconds
            // What samples has told of its first token already.
            if !entry.samples {
                requests[place].channel.emit(
                    .prefill(done: entry.positions.upperBound, total: requests[place].promptTokens))
            }
        }
        pacer.record(rows: step.tokenCount, past: past, milliseconds: milliseconds)
        metrics.update { statistics in
            if prompts > 1, prompts == step.tokenCount {
                statistics.prefillTokensPerSecond.record(Double(prompts) / max(milliseconds, 1e-3) * 1000)
            }
        }
    }
}
