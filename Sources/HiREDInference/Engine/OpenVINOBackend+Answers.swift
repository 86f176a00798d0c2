import Scheduling

extension OpenVINOBackend {
    /// Draws the next token of a sequence and streams its text.
    func take(
        _ engine: Engine, _ logits: UnsafeBufferPointer<Float>, place: Int, sequence number: Int
    ) throws -> StepOutcome {
        // Given up while the step ran: its rows are discarded.
        guard engine.requests[place].channel.isOpen else { return .finished }
        // With several answers, the first logits are those of all.
        let isFirst = engine.requests[place].sequences[number].decodeStart == nil
        if isFirst, number == 0 { engine.noteFirstToken(place) }
        let drawing = isFirst ? engine.requests[place].sequences.indices : number..<(number + 1)
        for sequence in drawing {
            let drawn = try engine.requests[place].sequences[sequence].sampler.next(logits)
            engine.accept(drawn, place: place, sequence: sequence)
        }
        // The stem goes on until the other answers have been forked from it, whatever became of its own.
        if drawing.count > 1 { return .token }
        return engine.requests[place].sequences[number].isEnded ? .finished : .token
    }

    /// Lets the other answers of requests that have just read their prompt go on from the same blocks.
    ///
    /// The last known token is not in the cache yet: so each goes on with a first token of its own.
    func forkAnswers(_ engine: Engine, of step: Step) {
        for entry in step.entries where entry.samples {
            let (id, answer) = EngineRequest.names(of: entry.id)
            guard answer == 0, let place = engine.place(of: id), engine.requests[place].sequences.count > 1,
                engine.requests[place].sequences[0].result.tokens.count == 1,
                entry.positions.upperBound == engine.requests[place].promptTokens
            else { continue }
            let request = engine.requests[place]
            for other in request.sequences.dropFirst() where !other.isEnded {
                let admission = scheduler.fork(entry.id, as: request.sequenceID(other.answer))
                precondition(admission == .accepted, "a stem that has just sampled can be forked")
            }
            if request.sequences[0].isEnded {
                scheduler.cancel(entry.id)
                engine.finish((id, 0))
            }
        }
    }
}
