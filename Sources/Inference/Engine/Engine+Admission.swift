import Crypto
import Foundation
import HiRED
import ImageProcessing
import Scheduling
import Tokenization

extension Engine {
    /// Takes a request in, or refuses it at once with what would fit.
    ///
    /// - Throws: `InferenceError`, `HiREDError`, `ImageError`, `JinjaError`.
    func submit(
        _ request: GenerationRequest, id: SequenceID, start: ContinuousClock.Instant = .now,
        emit: @escaping (GenerationEvent) -> Void,
        finish: @escaping ((any Error)?) -> Void
    ) throws {
        try request.sampling.validate()
        guard request.maximumTokens > 0 else {
            throw InferenceError.invalidOption("max-tokens", "\(request.maximumTokens)", remedy: "give at least 1")
        }
        if let seconds = request.deadlineSeconds, !(seconds > 0) {
            throw InferenceError.invalidOption("deadline", "\(seconds)", remedy: "give a positive number of seconds")
        }
        guard requests.count < Self.requestLimit(options) else {
            throw InferenceError.queueFull(limit: options.maximumWaiting)
        }
        let ids = try prompts.ids(of: request)
        var entry = EngineRequest(
            id: id, request: request, ids: ids, start: start, emit: emit, finish: finish, images: [])
        var pictures: [(partitions: ImagePartitions, digest: SHA256.Digest)] = []
        for input in request.images { pictures.append(try pipeline.load(input, timings: &entry.timings)) }
        let selections = try selections(for: &entry, layouts: pictures.map(\.partitions.layout))
        for (picture, selection) in zip(pictures, selections) {
            entry.images.append(
                try prepare(picture.partitions, picture.digest, selection, reuses: request.reusesCaches))
        }
        try checkCapacity(of: entry)
        requests.append(entry)
        startSequence(id)
    }

    private func prepare(
        _ partitions: ImagePartitions, _ digest: SHA256.Digest, _ selection: SelectionOptions, reuses: Bool
    ) throws -> EngineRequest.Image {
        let key = ImagePipeline.key(digest, options: selection)
        if reuses, let known = imageCache[key] {
            return EngineRequest.Image(job: nil, key: key, result: known, digest: digest)
        }
        return EngineRequest.Image(
            job: try ImageJob(partitions, options: selection), key: key, result: nil, digest: digest)
    }

    /// Refuses what can never fit, before any work is done on it.
    private func checkCapacity(of entry: EngineRequest) throws {
        let text = entry.ids.count - entry.images.count
        let images = entry.images.reduce(0) { $0 + mostTokens(of: $1) }
        guard text + images < limits.context else {
            throw InferenceError.contextExceeded(
                promptTokens: text + images, maximumTokens: entry.request.maximumTokens, limit: limits.context)
        }
        // The last token of an answer is never read back.
        let needed = text + images + min(entry.request.maximumTokens, limits.context - text - images) - 1
        guard needed <= scheduler.pool.blockCount * scheduler.pool.blockSize else {
            throw cacheTooSmall(entry, neededBlocks: KeyValueCache.blockCount(tokens: needed))
        }
    }

    /// Says how much is missing, and the largest budget of each picture that would fit.
    private func cacheTooSmall(_ entry: EngineRequest, neededBlocks: Int) -> InferenceError {
        let capacity = scheduler.pool.blockCount * scheduler.pool.blockSize
        // With fewer image tokens the answer may grow up to its own limit, so that one counts, not the context's.
        let left = capacity - (entry.ids.count - entry.images.count) - entry.request.maximumTokens + 1
        return .cacheTooSmall(
            needed: neededBlocks * language.cache.bytesPerBlock,
            available: scheduler.pool.blockCount * language.cache.bytesPerBlock,
            fittingBudget: Self.largestShare(of: left, among: entry.images.map { mostTokens(of: $0) }))
    }

    /// The largest budget with which pictures of these sizes take no more than `room` together; 0 where none does.
    static func largestShare(of room: Int, among sizes: [Int]) -> Int {
        var (room, count, share) = (room, sizes.count, 0)
        // From the smallest on: what it does not need is left to the others.
        for size in sizes.sorted() {
            guard room >= count else { break }
            share = room / count
            if size > share { break }
            room -= size
            count -= 1
            share = size
        }
        return share
    }

    /// An upper bound of the tokens a picture will give.
    func mostTokens(of image: EngineRequest.Image) -> Int {
        if let result = image.result { return result.tokens.kept }
        guard let job = image.job else { return 0 }
        let layout = job.partitions.layout
        if job.options.budget == .full || job.options.strategy == .full { return layout.fullTokenCount }
        let total = layout.partitionCount * layout.tokensPerPartition
        return min((try? job.options.budget.tokenCount(of: total)) ?? total, layout.fullTokenCount)
    }

    /// Puts a request into the scheduler's queue once all its pictures are embedded.
    func startSequence(_ id: SequenceID) {
        guard let place = requests.firstIndex(where: { $0.id == id }), requests[place].openImage == nil,
            requests[place].sequence == nil
        else { return }
        let request = requests[place].request
        let images = requests[place].images.compactMap(\.result)
        var content = PromptContent(
            requests[place].ids, imageToken: prompts.imageToken, images: images.map(\.embeddings))
        let maximum = min(request.maximumTokens, limits.context - content.promptLength)
        let keys =
            options.reusesPrefixes && request.reusesCaches
            ? content.promptKeys(blockSize: KeyValueCache.blockSize) : []
        let admission = scheduler.submit(
            SequenceRequest(
                id: id, promptLength: content.promptLength, maximumNewTokens: max(maximum, 1), promptKeys: keys))
        if case .rejected(let rejection) = admission {
            return end(id, error(for: rejection, of: requests[place]))
        }
        var sampler = Sampler(request.sampling)
        sampler.accept(prompt: requests[place].ids.filter { $0 != prompts.imageToken })
        requests[place].emit(.stage(.prefill(tokens: content.promptLength)))
        requests[place].sequence = EngineRequest.Sequence(
            content: content, sampler: sampler,
            detokenizer: StreamingDetokenizer(tokenizer, stop: request.sampling.stop), maximumTokens: maximum,
            logprobs: request.sampling.logprobs.map { _ in [] })
    }

    private func error(for rejection: Rejection, of entry: EngineRequest) -> InferenceError {
        switch rejection {
        case .queueFull: .queueFull(limit: options.maximumWaiting)
        case .neverFits(let needed, _, _): cacheTooSmall(entry, neededBlocks: needed)
        case .emptyRequest, .duplicate, .unknown: .emptyPrompt
        }
    }
}
