import Foundation
import Scheduling
import Tokenization
import VisionEncoding

extension Engine {
    /// Draws the next token of a sequence and streams its text.
    func take(_ logits: UnsafeBufferPointer<Float>, place: Int, sequence number: Int) throws -> StepOutcome {
        let channel = requests[place].channel
        // Given up while the step ran: its rows are discarded.
        guard channel.isOpen else { return .finished }
        if requests[place].sequences[number].decodeStart == nil, number == 0 {
            noteFirstToken(place)
            if requests[place].request.answerCount > 1 { addAnswers(place) }
        }
        // With several answers, the first logits are those of all.
        let isFirst = requests[place].sequences[number].decodeStart == nil
        let drawing = isFirst ? requests[place].sequences.indices : number..<(number + 1)
        for sequence in drawing { try draw(from: logits, place: place, sequence: sequence) }
        // The stem goes on until the other answers have been forked from it, whatever became of its own.
        if drawing.count > 1 { return .token }
        return requests[place].sequences[number].isEnded ? .finished : .token
    }

    private func noteFirstToken(_ place: Int) {
        let (id, elapsed) = (requests[place].id, requests[place].elapsed)
        requests[place].timings.timeToFirstToken = elapsed
        let prompt = requests[place].promptTokens
        requests[place].channel.emit(.prefill(done: prompt, total: prompt))
        metrics.update { statistics in
            statistics.secondsToFirstToken.record(elapsed / 1000)
            statistics.promptTokens += prompt
        }
        admission.begin(id)
    }

    /// Makes the other answers of a request, all behind the same prompt.
    private func addAnswers(_ place: Int) {
        let (request, stem) = (requests[place].request, requests[place].sequences[0])
        for answer in 1..<request.answerCount {
            var other = sequence(answer, stem.content, of: request, prompt: requests[place].ids, stem.maximumTokens)
            other.reusedTokens = stem.reusedTokens
            requests[place].sequences.append(other)
        }
    }

    private func draw(from logits: UnsafeBufferPointer<Float>, place: Int, sequence number: Int) throws {
        let ends = requests[place].request.ignoresEndOfSequence ? [] : limits.endTokens
        let last = requests[place].sequences[number].lastToken
        let token = try requests[place].sequences[number].draw(from: logits, ends: ends)
        requests[place].channel.emit(.token(token))
        let gap = last.map { (ContinuousClock.now - $0) / .seconds(1) }
        metrics.update { statistics in
            statistics.generatedTokens += 1
            if let gap { statistics.secondsBetweenTokens.record(gap) }
        }
    }

    /// Lets the other answers of requests that have just read their prompt go on from the same blocks.
    ///
    /// The last known token is not in the cache yet: so each goes on with a first token of its own.
    func forkAnswers(of step: Step) {
        for entry in step.entries where entry.samples {
            let (id, answer) = EngineRequest.names(of: entry.id)
            guard answer == 0, let place = place(of: id), requests[place].sequences.count > 1,
                requests[place].sequences[0].result.tokens.count == 1,
                entry.positions.upperBound == requests[place].promptTokens
            else { continue }
            for other in requests[place].sequences.indices.dropFirst() where !requests[place].sequences[other].isEnded {
                let admission = scheduler.fork(
                    entry.id, as: requests[place].sequenceID(requests[place].sequences[other].answer))
                precondition(admission == .accepted, "a stem that has just sampled can be forked")
            }
            if requests[place].sequences[0].isEnded {
                scheduler.cancel(entry.id)
                finish((id, 0))
            }
        }
    }

    /// Hands out a request's result once all its answers are whole; one that was given up is gone already.
    func finish(_ names: (request: UInt64, answer: Int)) {
        guard let place = place(of: names.request), let first = requests[place].sequences.first,
            requests[place].sequences.count >= requests[place].request.answerCount,
            requests[place].sequences.allSatisfy(\.isEnded)
        else { return }
        var timings = requests[place].timings
        if let start = first.decodeStart { timings.decode = (ContinuousClock.now - start) / .milliseconds(1) }
        timings.total = requests[place].elapsed
        let result = GenerationResult(
            answers: requests[place].sequences.map(\.result), promptTokens: requests[place].promptTokens,
            reusedTokens: first.reusedTokens ?? 0, images: requests[place].images.compactMap { $0.result?.tokens },
            budgetChoice: requests[place].budgetChoice, loweredFrom: requests[place].loweredFrom, timings: timings,
            cacheBytes: first.blockCount * language.cache.bytesPerBlock)
        costs.isWarm = true
        onFirstAnswer?()
        onFirstAnswer = nil
        end(names.request, .success(result))
    }
}
