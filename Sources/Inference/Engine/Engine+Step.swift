import Foundation
import Scheduling
import Tokenization

extension Engine {
    /// Computes one step and hands out its tokens.
    func runStep() {
        guard let step = scheduler.nextStep(maximumTokens: isAnswering ? options.interactiveStepTokens : .max) else {
            return
        }
        findPlaces(of: step)
        let start = ContinuousClock.now
        var failures: [(id: UInt64, error: any Error)] = []
        do {
            try canceller.run(step.entries.count == 1 ? step.entries.first?.id : nil) {
                try language.load(step) { requests[stepPlaces[$0]].sequence?.content }
                try language.run(step) { row, logits in
                    if row == 0 { note(step, milliseconds: (ContinuousClock.now - start) / .milliseconds(1)) }
                    let place = sampledPlaces[row]
                    do { outcomes.append(try take(logits, at: place)) } catch {
                        outcomes.append(.finished)
                        failures.append((requests[place].id, error))
                    }
                }
            }
            if sampledPlaces.isEmpty { note(step, milliseconds: (ContinuousClock.now - start) / .milliseconds(1)) }
        } catch {
            // Nothing of the step can be relied on. Those in it end with its error; a cancelled one is among them.
            scheduler.abandonStep()
            for entry in step.entries { end(entry.id, error) }
            return
        }
        let ended = scheduler.complete(outcomes) { [self] id, block in
            guard options.reusesPrefixes, let place = place(of: id), requests[place].request.reusesCaches else {
                return nil
            }
            return requests[place].sequence?.content.key(of: block, blockSize: KeyValueCache.blockSize)
        }
        for failure in failures { end(failure.id, failure.error) }
        for id in ended { finish(id) }
    }

    /// Fills the buffers of a step. Entries come nearly in the order of requests, so that the search is short.
    private func findPlaces(of step: Step) {
        stepPlaces.removeAll(keepingCapacity: true)
        sampledPlaces.removeAll(keepingCapacity: true)
        outcomes.removeAll(keepingCapacity: true)
        var place = 0
        for entry in step.entries {
            var passed = 0
            while requests[place].id != entry.id {
                place = place + 1 == requests.count ? 0 : place + 1
                passed += 1
                precondition(passed <= requests.count, "the scheduler holds only sequences of known requests")
            }
            stepPlaces.append(place)
            if entry.samples { sampledPlaces.append(place) }
        }
    }

    /// Adds a step's time to the requests in it.
    private func note(_ step: Step, milliseconds: Double) {
        for (entry, place) in zip(step.entries, stepPlaces) {
            requests[place].sequence?.blockCount = entry.blockTable.count
            if requests[place].sequence?.decodeStart == nil { requests[place].timings.prefill += milliseconds }
            if requests[place].sequence?.reusedTokens == nil {
                requests[place].sequence?.reusedTokens = entry.positions.lowerBound
            }
        }
    }

    /// Draws a request's next token and streams its text.
    private func take(_ logits: UnsafeBufferPointer<Float>, at place: Int) throws -> StepOutcome {
        guard var sequence = requests[place].sequence else { return .finished }
        requests[place].sequence = nil
        defer { requests[place].sequence = sequence }
        let token = try sequence.sampler.next(logits)
        if sequence.decodeStart == nil {
            requests[place].timings.timeToFirstToken = requests[place].elapsed
            sequence.decodeStart = .now
        }
        sequence.content.append(token.id)
        if let drawn = token.logprobs { sequence.logprobs?.append(drawn) }
        if !requests[place].request.ignoresEndOfSequence, limits.endTokens.contains(token.id) {
            sequence.reason = .stop
            return .finished
        }
        let text = sequence.detokenizer.append(token.id)
        sequence.answer += text
        if !text.isEmpty { requests[place].emit(.text(text)) }
        return sequence.detokenizer.isStopped || sequence.content.generated.count >= sequence.maximumTokens
            ? .finished : .token
    }

    /// Hands out the result of a sequence that ended by itself; one that was cancelled is gone already.
    private func finish(_ id: UInt64) {
        guard let place = requests.firstIndex(where: { $0.id == id }), var sequence = requests[place].sequence else {
            return
        }
        let rest = sequence.detokenizer.finish()
        sequence.answer += rest
        if !rest.isEmpty { requests[place].emit(.text(rest)) }
        if sequence.detokenizer.isStopped { sequence.reason = .stop }
        var timings = requests[place].timings
        if let start = sequence.decodeStart { timings.decode = (ContinuousClock.now - start) / .milliseconds(1) }
        timings.total = requests[place].elapsed
        requests[place].emit(
            .finished(
                GenerationResult(
                    answer: sequence.answer, tokens: sequence.content.generated, logprobs: sequence.logprobs,
                    finishReason: sequence.reason, promptTokens: sequence.content.promptLength,
                    reusedTokens: sequence.reusedTokens ?? 0,
                    images: requests[place].images.compactMap { $0.result?.tokens },
                    budgetChoice: requests[place].budgetChoice, loweredFrom: requests[place].loweredFrom,
                    timings: timings,
                    cacheBytes: sequence.blockCount * language.cache.bytesPerBlock)))
        isWarm = true
        onFirstAnswer?()
        onFirstAnswer = nil
        end(id, nil)
    }
}
