import Crypto
import Foundation
import HiRED
import Scheduling
import Tokenization
import VisionEncoding

/// Answers many requests at once: pictures of waiting requests are encoded between the steps of running ones, and each
/// step computes prompts and continuations together.
///
/// Sees tensors only; what a request needs before that is prepared elsewhere. Not Sendable: one thread owns it and calls
/// `iterate` as long as there is work.
final class Engine {
    let pipeline: ImagePipeline
    let language: LanguageModel
    let imageToken: Int32
    let tokenizer: Tokenizer
    let options: EngineOptions
    let limits: Limits
    let canceller: StepCanceller
    let known: KnownImages
    let admission: Admission
    let metrics: EngineMetrics
    let costs: CostKnowledge
    var scheduler: Scheduler
    var pacer: StepPacer
    /// What schedulers counted that were replaced.
    private var earlier = (preemptions: 0, prefixHitTokens: 0)
    /// In the order of arrival.
    var requests: [EngineRequest] = []
    /// The last iteration encoded views.
    private var hasEncoded = false
    /// Called when the first answer is whole.
    var onFirstAnswer: (() -> Void)?
    /// Called before a step is computed. For tests, which hold or fail it.
    var beforeStep: ((Step) throws -> Void)?

    /// Buffers of a step, kept between steps: the places in `requests` of its entries and which answers they are; the
    /// entries that sample; what sampling gave.
    var stepPlaces: [(request: Int, answer: Int)] = []
    var sampled: [Int] = []
    var outcomes: [StepOutcome] = []

    /// What the model itself sets.
    struct Limits {
        var context: Int
        var endTokens: Set<Int32>
    }

    /// What the engine shares with other threads.
    struct Shared {
        var known: KnownImages
        var admission: Admission
        var metrics: EngineMetrics
        var costs: CostKnowledge
    }

    init(
        pipeline: ImagePipeline, language: LanguageModel, imageToken: Int32, tokenizer: Tokenizer,
        options: EngineOptions, limits: Limits, shared: Shared
    ) throws {
        self.pipeline = pipeline
        self.language = language
        self.imageToken = imageToken
        self.tokenizer = tokenizer
        self.options = options
        self.limits = limits
        (known, admission, metrics, costs) = (shared.known, shared.admission, shared.metrics, shared.costs)
        canceller = StepCanceller(language.makeCanceller())
        pacer = StepPacer(
            targetMilliseconds: options.millisecondsBetweenTokens, largest: options.maximumStepTokens)
        var schedulerOptions = SchedulerOptions()
        schedulerOptions.maximumStepTokens = options.maximumStepTokens
        schedulerOptions.prefillChunk = options.maximumStepTokens
        schedulerOptions.maximumSequences = options.maximumSequences
        // Requests are counted before any work is done on them; none is refused after that.
        schedulerOptions.maximumWaiting = Int(Int32.max)
        scheduler = try Scheduler(
            pool: BlockPool(blockCount: language.cache.blockCount, blockSize: language.cache.blockSize),
            options: schedulerOptions)
        publish()
    }

    /// Most requests that are held at once.
    static func requestLimit(_ options: EngineOptions) -> Int {
        // Clamped first: the sum of two large numbers must not trap.
        max(1, min(options.maximumSequences, 1 << 20) + min(options.maximumWaiting, 1 << 20))
    }

    var hasWork: Bool { !requests.isEmpty }

    /// One picture batch, then one step. Short enough that new requests and cancellations are seen soon.
    func iterate() {
        endClosed()
        // Views and prompts of others take turns between the tokens of running answers.
        let isTurnOfPrompts = hasEncoded && isAnswering && requests.contains { $0.isReading }
        hasEncoded = isTurnOfPrompts ? false : encodeViews()
        endClosed()
        runStep(afterVision: hasEncoded)
        publish()
    }

    func place(of id: UInt64) -> Int? { requests.firstIndex { $0.id == id } }

    /// Ends a request. O(requests).
    func end(_ id: UInt64, _ result: Result<GenerationResult?, any Error>) {
        guard let place = place(of: id) else { return }
        let entry = requests.remove(at: place)
        for sequence in entry.sequences where !sequence.isEnded { scheduler.cancel(entry.sequenceID(sequence.answer)) }
        canceller.close(id)
        switch result {
        case .success(let result): metrics.end(nil, result?.finishReason ?? .stop)
        case .failure(let error): metrics.end(error, nil)
        }
        // Counted and given back first: who sees the end may ask at once.
        admission.leave(id)
        if !hasWork { publish() }
        entry.channel.finish(result)
    }

    func fail(_ id: UInt64, _ error: any Error) { end(id, .failure(error)) }

    /// Lets go of what cancelled and expired requests hold; their callers have been told.
    private func endClosed() {
        for id in canceller.pending {
            guard let place = place(of: id) else {
                canceller.close(id)
                continue
            }
            fail(id, requests[place].channel.closingError)
        }
    }

    /// Forgets what earlier requests left behind. For measurements.
    func clearCaches() {
        known.clear()
        guard scheduler.isIdle,
            let pool = try? BlockPool(blockCount: language.cache.blockCount, blockSize: language.cache.blockSize),
            let empty = try? Scheduler(pool: pool, options: scheduler.options)
        else { return }
        let counts = scheduler.statistics
        earlier.preemptions += counts.preemptions
        earlier.prefixHitTokens += counts.prefixHitTokens
        scheduler = empty
        language.cache.releasePages()
        publish()
    }

    /// Whether some answer has begun.
    var isAnswering: Bool { requests.contains { $0.isAnswering } }

    /// Makes what the engine holds visible to others.
    func publish() {
        let counts = scheduler.statistics
        let held = requests.reduce(0) { $0 + $1.embeddingBytes }
        var running: Set<UInt64> = []
        scheduler.forEachRunning { running.insert(EngineRequest.names(of: $0).request) }
        let gauges = admission.gauges
        metrics.update { [known, earlier] statistics in
            statistics.running = counts.running
            statistics.waiting = max(gauges.requests - running.count, 0)
            statistics.viewBytes = gauges.viewBytes
            statistics.promisedTokens = gauges.tokens
            statistics.usedBlocks = counts.usedBlocks
            statistics.cachedBlocks = counts.cachedBlocks
            statistics.blockCount = counts.blockCount
            statistics.preemptions = earlier.preemptions + counts.preemptions
            statistics.prefixHitTokens = earlier.prefixHitTokens + counts.prefixHitTokens
            statistics.imageCacheBytes = known.byteCount
            statistics.imageCacheHits = known.hits
            statistics.heldEmbeddingBytes = held
        }
    }
}
