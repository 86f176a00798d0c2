import Foundation
import HiRED
import Scheduling
import Tokenization
import VisionEncoding

extension Engine {
    /// Takes a prepared request in. It has its place, and fits.
    func begin(_ prepared: PreparedRequest) {
        let id = prepared.channel.id
        do {
            admission.handOver(id)
            try prepared.channel.check()
            var entry = try EngineRequest(prepared)
            findKnownImages(&entry)
            // Preparations end in any order; the queue is that of arrival.
            requests.insert(entry, at: requests.lastIndex { $0.id < id }.map { $0 + 1 } ?? 0)
            advance(id)
        } catch {
            canceller.close(id)
            metrics.end(error, nil)
            admission.leave(id)
            prepared.channel.finish(.failure(error))
        }
    }

    /// Pictures that became known while the request was prepared.
    private func findKnownImages(_ entry: inout EngineRequest) {
        guard entry.request.reusesCaches else { return }
        for image in entry.images.indices where entry.images[image].result == nil {
            guard let result = known.result(for: entry.images[image].key) else { continue }
            entry.images[image].result = result
            entry.images[image].job = nil
        }
    }

    /// Tells of selections that are made; once all pictures are done, begins the answer.
    func advance(_ id: UInt64) {
        guard let place = place(of: id) else { return }
        for image in requests[place].images.indices where !requests[place].images[image].isTold {
            guard let tokens = requests[place].images[image].result?.tokens else { continue }
            requests[place].images[image].isTold = true
            tell(of: tokens, image: image, place: place)
        }
        guard requests[place].openImage == nil else { return }
        switch requests[place].purpose {
        case .selection: end(id, .success(nil))
        case .answer: startSequence(id)
        }
    }

    private func tell(of tokens: ImageTokens, image: Int, place: Int) {
        metrics.update { statistics in
            statistics.imageTokensFull += tokens.full
            statistics.imageTokensKept += tokens.kept
        }
        requests[place].channel.emit(.selected(image: image, tokens: tokens))
        guard case .selection(let deliver) = requests[place].purpose,
            let views = requests[place].images[image].views
        else { return }
        deliver(
            PictureSelection(
                tokens: tokens, partitions: views.partitions, timings: requests[place].timings.images))
    }

    /// Gives a request to the backend once all its pictures are embedded.
    private func startSequence(_ id: UInt64) {
        guard let place = place(of: id), requests[place].sequences.isEmpty else { return }
        for image in requests[place].images.indices { requests[place].images[image].views = nil }
        let content = PromptContent(
            requests[place].ids, imageToken: imageToken,
            images: requests[place].images.compactMap { $0.result?.embeddings })
        let maximum = min(requests[place].request.maximumTokens, limits.context - content.promptSpan)
        requests[place].promptTokens = content.promptLength
        do { try backend.begin(self, id, content, maximumTokens: maximum) } catch { return fail(id, error) }
        requests[place].channel.emit(.prefill(done: 0, total: content.promptLength))
    }

    /// An answer that begins behind a prompt.
    func sequence(
        _ answer: Int, _ content: PromptContent, of request: GenerationRequest, prompt ids: [Int32], _ maximum: Int
    ) -> EngineRequest.Sequence {
        var options = request.sampling
        // Every answer has numbers of its own; the first one's are those of a request for one answer.
        options.seed = options.seed.map { $0 &+ UInt64(answer) }
        var sampler = Sampler(options, ends: limits.endTokens)
        sampler.accept(prompt: ids.filter { $0 != imageToken })
        if sampler.readsWholePrompt { sampler.accept(whole: content.promptIDs(imageToken: imageToken)) }
        var sequence = EngineRequest.Sequence(
            answer: answer, content: content, sampler: sampler,
            detokenizer: StreamingDetokenizer(tokenizer, stop: request.sampling.stop), maximumTokens: maximum)
        sequence.result.logprobs = request.sampling.logprobs.map { _ in [] }
        return sequence
    }
}
