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
        _ request: GenerationRequest, id: SequenceID, emit: @escaping (GenerationEvent) -> Void,
        finish: @escaping ((any Error)?) -> Void
    ) throws {
        try request.sampling.validate()
        guard request.maximumTokens > 0 else {
            throw InferenceError.invalidOption("max-tokens", "\(request.maximumTokens)", remedy: "give at least 1")
        }
        guard requests.count < options.maximumWaiting + options.maximumSequences else {
            throw InferenceError.queueFull(limit: options.maximumWaiting)
        }
        let ids = try prompts.ids(of: request)
        var entry = EngineRequest(id: id, request: request, ids: ids, emit: emit, finish: finish, images: [])
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
        let answer = min(entry.request.maximumTokens, limits.context - text - images)
        let capacity = scheduler.pool.blockCount * scheduler.pool.blockSize
        guard text + images + answer - 1 <= capacity else {
            let blocks = KeyValueCache.blockCount(tokens: text + images + answer - 1)
            let left = capacity - text - answer + 1
            throw InferenceError.cacheTooSmall(
                needed: blocks * language.cache.bytesPerBlock,
                available: scheduler.pool.blockCount * language.cache.bytesPerBlock,
                fittingBudget: entry.images.isEmpty ? 0 : max(left / entry.images.count, 0))
        }
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
            return end(id, error(for: rejection))
        }
        var sampler = Sampler(request.sampling)
        sampler.accept(prompt: requests[place].ids.filter { $0 != prompts.imageToken })
        requests[place].emit(.stage(.prefill(tokens: content.promptLength)))
        requests[place].sequence = EngineRequest.Sequence(
            content: content, sampler: sampler,
            detokenizer: StreamingDetokenizer(tokenizer, stop: request.sampling.stop), maximumTokens: maximum,
            logprobs: request.sampling.logprobs.map { _ in [] })
    }

    private func error(for rejection: Rejection) -> InferenceError {
        switch rejection {
        case .queueFull(let limit): .queueFull(limit: limit)
        case .neverFits(let needed, let available, let longest):
            .cacheTooSmall(
                needed: needed * language.cache.bytesPerBlock, available: available * language.cache.bytesPerBlock,
                fittingBudget: longest)
        case .emptyRequest, .duplicate, .unknown: .emptyPrompt
        }
    }
}
