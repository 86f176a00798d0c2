import Crypto
import Foundation
import HiRED
import Scheduling
import Tokenization

/// Answers many requests at once: pictures of waiting requests are encoded between the steps of running ones, and each
/// step computes prompts and continuations together.
///
/// Not Sendable: one thread owns it and calls `iterate` as long as there is work.
final class Engine {
    let pipeline: ImagePipeline
    let language: LanguageModel
    let prompts: PromptAssembler
    let tokenizer: Tokenizer
    let options: EngineOptions
    let limits: Limits
    let canceller: StepCanceller
    var scheduler: Scheduler
    /// In the order of arrival.
    var requests: [EngineRequest] = []
    var imageCache: LeastRecentlyUsed<SHA256.Digest, ImagePipeline.Result>
    /// What automatic budgets are chosen by, once it is known.
    var costModel: CostModel?
    /// Every matrix has been repacked.
    var isWarm = false
    /// Called when the first answer is whole.
    var onFirstAnswer: (() -> Void)?

    /// Buffers of a step, kept between steps: the places in `requests` of its entries, and of those that sample; what
    /// sampling gave.
    var stepPlaces: [Int] = []
    var sampledPlaces: [Int] = []
    var outcomes: [StepOutcome] = []

    /// What the model itself sets.
    struct Limits {
        var context: Int
        var endTokens: Set<Int32>
    }

    init(
        pipeline: ImagePipeline, language: LanguageModel, prompts: PromptAssembler, tokenizer: Tokenizer,
        options: EngineOptions, limits: Limits
    ) throws {
        self.pipeline = pipeline
        self.language = language
        self.prompts = prompts
        self.tokenizer = tokenizer
        self.options = options
        self.limits = limits
        canceller = StepCanceller(language.makeCanceller())
        imageCache = LeastRecentlyUsed(byteLimit: options.imageCacheBytes)
        var schedulerOptions = SchedulerOptions()
        schedulerOptions.maximumStepTokens = options.maximumStepTokens
        schedulerOptions.prefillChunk = options.maximumStepTokens
        schedulerOptions.maximumSequences = options.maximumSequences
        // The engine's own bound counts requests before their pictures are encoded; none is refused after that.
        schedulerOptions.maximumWaiting = Self.requestLimit(options)
        scheduler = try Scheduler(
            pool: BlockPool(blockCount: language.cache.blockCount, blockSize: KeyValueCache.blockSize),
            options: schedulerOptions)
    }

    /// Most requests that are held at once.
    static func requestLimit(_ options: EngineOptions) -> Int {
        // Clamped first: the sum of two large numbers must not trap.
        max(1, min(options.maximumSequences, 1 << 20) + min(options.maximumWaiting, 1 << 20))
    }

    var hasWork: Bool { !requests.isEmpty }

    /// One picture batch, then one step. Short enough that new requests and cancellations are seen soon.
    func iterate() {
        expire()
        endCancelled()
        encodeViews()
        endCancelled()
        runStep()
    }

    /// Ends a request. O(requests).
    func end(_ id: SequenceID, _ error: (any Error)?) {
        guard let place = requests.firstIndex(where: { $0.id == id }) else { return }
        scheduler.cancel(id)
        canceller.close(id)
        requests.remove(at: place).finish(error)
    }

    private func endCancelled() {
        for id in canceller.pending { end(id, CancellationError()) }
    }

    /// Forgets what earlier requests left behind. For measurements.
    func clearCaches() {
        imageCache = LeastRecentlyUsed(byteLimit: options.imageCacheBytes)
        guard scheduler.isIdle,
            let pool = try? BlockPool(blockCount: language.cache.blockCount, blockSize: KeyValueCache.blockSize),
            let empty = try? Scheduler(pool: pool, options: scheduler.options)
        else { return }
        scheduler = empty
        language.cache.releasePages()
    }

    private func expire() {
        guard requests.contains(where: { $0.request.deadlineSeconds != nil }) else { return }
        let now = ContinuousClock.now
        for request in requests {
            guard let seconds = request.request.deadlineSeconds, (now - request.start) / .seconds(1) > seconds else {
                continue
            }
            end(request.id, InferenceError.deadlineExceeded(seconds: seconds))
        }
    }
}
