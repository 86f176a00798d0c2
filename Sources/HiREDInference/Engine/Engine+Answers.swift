import Foundation
import Tokenization
import VisionEncoding

extension Engine {
    /// A request waits in the queue until something of its prompt is computed.
    func noteBegun(_ place: Int) {
        guard !requests[place].hasBegun else { return }
        requests[place].hasBegun = true
        admission.begin(requests[place].id)
        let seconds = requests[place].elapsed / 1000
        metrics.update { $0.queueSeconds.record(seconds) }
    }

    /// A request's prompt is read. Makes its other answers, all behind the same prompt.
    func noteFirstToken(_ place: Int) {
        let (id, elapsed) = (requests[place].id, requests[place].elapsed)
        requests[place].timings.timeToFirstToken = elapsed
        let prompt = requests[place].promptTokens
        requests[place].channel.emit(.prefill(done: prompt, total: prompt))
        metrics.update { statistics in
            statistics.secondsToFirstToken.record(elapsed / 1000)
            statistics.promptTokens += prompt
        }
        admission.begin(id)
        let (request, stem) = (requests[place].request, requests[place].sequences[0])
        for answer in 1..<max(request.answerCount, 1) {
            var other = sequence(answer, stem.content, of: request, prompt: requests[place].ids, stem.maximumTokens)
            other.reusedTokens = stem.reusedTokens
            requests[place].sequences.append(other)
        }
    }

    /// Adds a token to an answer and tells of it.
    ///
    /// - Parameter end: how the answer ends with it where another program has found that out.
    func accept(_ drawn: SampledToken, place: Int, sequence number: Int, end: RemoteEvent.End? = nil) {
        var ends = requests[place].request.ignoresEndOfSequence ? [] : limits.endTokens
        if end == .stop { ends = [drawn.id] }
        let last = requests[place].sequences[number].lastToken
        let token = requests[place].sequences[number].accept(drawn, ends: ends, isLast: end == .length)
        requests[place].channel.emit(.token(token))
        let gap = last.map { (ContinuousClock.now - $0) / .seconds(1) }
        metrics.update { statistics in
            statistics.generatedTokens += 1
            if let gap { statistics.secondsBetweenTokens.record(gap) }
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
            cacheBytes: first.blockCount * backend.bytesPerBlock)
        costs.isWarm = true
        onFirstAnswer?()
        onFirstAnswer = nil
        end(names.request, .success(result))
    }
}
