import Foundation
package import HiRED
import ImageProcessing
import Tokenization
import VisionEncoding

/// Everything between a request and tensors: pictures are named, decoded and cut, the prompt is rendered, tokenised and
/// counted, budgets are chosen. Runs on a bounded pool, never on the engine's thread.
///
/// `@unchecked Sendable`: operation queues may be used from any thread (their Linux declaration does not say so);
/// everything else is a constant and Sendable.
final class RequestPreparation: @unchecked Sendable {
    let prompts: PromptAssembler
    let reader: ImageReader
    let known: KnownImages
    let admission: Admission
    let costs: CostKnowledge
    let limits: Limits
    private let pool = OperationQueue()

    /// The cache of keys and values.
    struct CacheRoom: Sendable {
        var blockCount: Int
        /// Tokens of a block.
        var blockSize: Int
        /// 0 where they lie in another program.
        var bytesPerBlock: Int
    }

    /// What bounds a request from the start.
    struct Limits: Sendable {
        /// Tokens that the model can read.
        var context: Int
        var room: CacheRoom
        var stepTokens: Int
        var embeddingBytesPerToken: Int
        /// Most sequences that run at once.
        var sequences: Int

        var blockCount: Int { room.blockCount }
        var blockSize: Int { room.blockSize }
        var bytesPerBlock: Int { room.bytesPerBlock }
        /// Tokens that the cache can hold.
        var cacheTokens: Int { blockCount * blockSize }

        func requestsHeldAtOnce(promptTokens: Int, answerTokens: Int) -> Int {
            let prompt = max(0, min(promptTokens, context))
            let tokens = max(1, prompt + max(0, min(answerTokens, context - prompt)))
            return max(1, min(sequences, blockCount / ((tokens + blockSize - 1) / blockSize)))
        }
    }

    init(
        prompts: PromptAssembler, reader: ImageReader, known: KnownImages, admission: Admission, costs: CostKnowledge,
        limits: Limits, threads: Int
    ) {
        self.prompts = prompts
        self.reader = reader
        self.known = known
        self.admission = admission
        self.costs = costs
        self.limits = limits
        pool.name = "hired.preparation"
        pool.maxConcurrentOperationCount = max(threads, 1)
        pool.qualityOfService = .userInitiated
    }

    /// Prepares a request that has its place, on the pool.
    func start(
        _ request: GenerationRequest, channel: RequestChannel, purpose: PreparedRequest.Purpose,
        then body: @escaping @Sendable (Result<PreparedRequest, any Error>) -> Void
    ) {
        pool.addOperation { body(Result { try self.prepare(request, channel: channel, purpose: purpose) }) }
    }

    /// - Throws: `CancellationError` for a request that has ended meanwhile; `InferenceError`, `HiREDError`, `ImageError`,
    ///   `JinjaError`.
    func prepare(
        _ request: GenerationRequest, channel: RequestChannel, purpose: PreparedRequest.Purpose = .answer
    ) throws -> PreparedRequest {
        try channel.check()
        let ids: [Int32] = if case .answer = purpose { try prompts.ids(of: request) } else { [] }
        var timings = ImageTimings()
        var opened: [(source: ImageReader.Source, layout: PartitionLayout)] = []
        for input in request.images {
            try channel.check()
            let source = try reader.open(input, timings: &timings)
            let layout =
                try known.layout(for: source.digest)
                ?? timings.measure(\.decode) { try reader.layout(of: source) }
            opened.append((source, layout))
        }
        let layouts = opened.map(\.layout)
        var request = request
        let choice = try chooseBudgets(
            &request, layouts: layouts, textTokens: ids.count - layouts.count, elapsed: channel.elapsed)
        try check(request, layouts)
        // Counted before any picture is decoded: what can never fit costs nothing.
        let count = count(ids, layouts: layouts, request: request)
        if case .answer = purpose { try checkCapacity(count, of: request) }
        var images: [PreparedRequest.Image] = []
        var held: [KnownImages.Views] = []
        for (place, picture) in opened.enumerated() {
            try channel.check()
            let image = try prepare(
                picture.source, picture.layout, request.selection(of: place), reuses: request.reusesCaches,
                needsViews: { if case .selection = purpose { true } else { false } }(), timings: &timings)
            if let views = image.views, !held.contains(where: { $0 === views }) { held.append(views) }
            images.append(image)
        }
        try admission.settle(
            channel.id, viewBytes: held.reduce(0) { $0 + $1.partitions.byteCount },
            tokens: count.promptTokens + min(request.maximumTokens, limits.context - span(of: count, request)))
        if case .answer = purpose { channel.emit(.counted(count)) }
        return PreparedRequest(
            request: request, channel: channel, purpose: purpose, ids: ids, images: images, count: count,
            budgetChoice: choice, timings: timings)
    }

    private func prepare(
        _ source: ImageReader.Source, _ layout: PartitionLayout, _ options: SelectionOptions, reuses: Bool,
        needsViews: Bool, timings: inout ImageTimings
    ) throws -> PreparedRequest.Image {
        var image = PreparedRequest.Image(
            digest: source.digest, key: ImagePipeline.key(source.digest, options: options), options: options,
            layout: layout)
        if reuses {
            image.result = known.result(for: image.key)
            if image.result != nil, !needsViews { return image }
            image.views = known.views(for: source.digest)
        }
        if image.views == nil {
            image.views = known.add(try reader.prepare(source, timings: &timings), digest: source.digest)
        }
        return image
    }

    /// Exact counts and layouts of a request, and upper bounds of what its budgets will keep. Reads headers of pictures
    /// alone, and runs where it is called.
    ///
    /// - Throws: as preparation does, where something can never be answered for another reason than its size.
    func count(_ request: GenerationRequest) throws -> PromptCount {
        let ids = try prompts.ids(of: request)
        let layouts = try request.images.map { try reader.layout(of: $0) }
        var request = request
        _ = try chooseBudgets(&request, layouts: layouts, textTokens: ids.count - layouts.count, elapsed: 0)
        try check(request, layouts)
        return count(ids, layouts: layouts, request: request)
    }

    /// Refuses options that a picture's layout has no use for.
    private func check(_ request: GenerationRequest, _ layouts: [PartitionLayout]) throws {
        for (place, layout) in layouts.enumerated() { try request.selection(of: place).check(layout) }
    }

    private func count(_ ids: [Int32], layouts: [PartitionLayout], request: GenerationRequest) -> PromptCount {
        let images = layouts.enumerated().map { place, layout in
            PromptCount.Image(
                layout: layout, full: layout.fullTokenCount,
                planned: layout.mostTokens(under: request.selection(of: place)))
        }
        let text = max(ids.count - layouts.count, 0)
        return PromptCount(
            promptTokens: images.reduce(text) { $0 + $1.planned }, textTokens: text, images: images,
            limit: min(limits.context, limits.cacheTokens))
    }

    /// Position ids that a prompt takes up: a picture's whole sequence where its tokens keep their positions.
    private func span(of count: PromptCount, _ request: GenerationRequest) -> Int {
        count.images.enumerated().reduce(count.textTokens) { sum, image in
            sum
                + (request.selection(of: image.offset).positions == .original
                    ? image.element.full : image.element.planned)
        }
    }

    /// Refuses what can never fit.
    private func checkCapacity(_ count: PromptCount, of request: GenerationRequest) throws {
        let span = span(of: count, request)
        guard span < limits.context else {
            throw InferenceError.contextExceeded(
                promptTokens: span, maximumTokens: request.maximumTokens, limit: limits.context)
        }
        // The last token of an answer is never read back.
        let answer = min(request.maximumTokens, limits.context - span)
        let needed = count.promptTokens + answer - 1
        guard needed <= limits.cacheTokens else {
            // With fewer image tokens the answer may grow up to its own limit, or the context where that is less.
            let left = limits.cacheTokens - count.textTokens - min(request.maximumTokens, limits.context) + 1
            throw InferenceError.cacheTooSmall(
                needed: (needed + limits.blockSize - 1) / limits.blockSize * limits.bytesPerBlock,
                available: limits.blockCount * limits.bytesPerBlock,
                fittingBudget: Self.largestShare(of: left, among: count.images.map(\.planned)))
        }
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
}

extension PartitionLayout {
    /// An upper bound of the tokens that a picture gives under some options.
    package func mostTokens(under options: SelectionOptions) -> Int {
        options.mostTokens(of: self)
    }
}
