import Foundation

extension Engine {
    /// A prompt is on its way.
    func noteSending(_ id: UInt64) {
        guard let place = place(of: id) else { return }
        noteBegun(place)
        requests[place].sentAt = .now
        requests[place].timings.upload = 0
    }

    /// Takes in what a language model elsewhere says of a request; one that has ended meanwhile is known no more.
    func receive(_ event: RemoteEvent, for id: UInt64) {
        // Told behind the last token, when the request may have ended.
        if case .cached(let tokens) = event { (backend as? RemoteBackend)?.note(cached: tokens) }
        guard let place = place(of: id), requests[place].channel.isOpen else { return }
        switch event {
        case .sent:
            if let start = requests[place].sentAt {
                requests[place].timings.upload = (ContinuousClock.now - start) / .milliseconds(1)
            }
        case .cached(let tokens):
            requests[place].sequences[0].reusedTokens = tokens
        case .tokens(let answer, let tokens, let end):
            if requests[place].sequences[0].decodeStart == nil, requests[place].sequences.count == 1 {
                let whole = requests[place].sentAt.map { (ContinuousClock.now - $0) / .milliseconds(1) } ?? 0
                requests[place].timings.prefill = max(whole - (requests[place].timings.upload ?? 0), 0)
                noteFirstToken(place)
            }
            if end != nil { (backend as? RemoteBackend)?.noteEnd(ofAnswerOf: id) }
            guard requests[place].sequences.indices.contains(answer) else { return }
            for (number, token) in tokens.enumerated() where !requests[place].sequences[answer].isEnded {
                accept(
                    SampledToken(id: token.id, logprobs: token.logprobs), place: place, sequence: answer,
                    end: number == tokens.count - 1 ? end : nil)
            }
            finish((id, answer))
        }
    }

    /// Everything was said; an answer that has not ended by then was not whole.
    func noteRemoteEnd(of id: UInt64) {
        guard place(of: id) != nil else { return }
        fail(
            id,
            RemoteLanguageError.protocolViolation(
                url: (backend as? RemoteBackend)?.remote.identity ?? "", reason: "the answer has no end"))
    }
}
