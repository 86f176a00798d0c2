import Crypto
import Foundation
import HiRED
import Tokenization
import VisionEncoding

/// Answers many requests at once: pictures of waiting requests are encoded here, between the steps of running ones where
/// the language model is computed here too.
///
/// Sees tensors only; what a request needs before that is prepared elsewhere. Not Sendable: one thread owns it and calls
/// `iterate` as long as there is work.
final class Engine {
    let pipeline: ImagePipeline
    let backend: any LanguageBackend
    let imageToken: Int32
    let tokenizer: Tokenizer
    let options: EngineOptions
    let limits: Limits
    let canceller: StepCanceller
    let known: KnownImages
    let admission: Admission
    let metrics: EngineMetrics
    let costs: CostKnowledge
    /// In the order of arrival.
    var requests: [EngineRequest] = []
    /// The last iteration encoded views.
    private var hasEncoded = false
    /// Called when the first answer is whole.
    var onFirstAnswer: (() -> Void)?

    /// What the model itself sets.
    struct Limits {
        var context: Int
        /// Rows of its table of tokens.
        var vocabulary: Int
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
        pipeline: ImagePipeline, backend: any LanguageBackend, imageToken: Int32, tokenizer: Tokenizer,
        options: EngineOptions, limits: Limits, shared: Shared
    ) {
        self.pipeline = pipeline
        self.backend = backend
        self.imageToken = imageToken
        self.tokenizer = tokenizer
        self.options = options
        self.limits = limits
        (known, admission, metrics, costs) = (shared.known, shared.admission, shared.metrics, shared.costs)
        canceller = StepCanceller(backend.makeStop())
        publish()
    }

    /// Most requests that are held at once.
    static func requestLimit(_ options: EngineOptions) -> Int {
        // Clamped first: the sum of two large numbers must not trap.
        max(1, min(options.maximumSequences, 1 << 20) + min(options.maximumWaiting, 1 << 20))
    }

    var hasWork: Bool { !requests.isEmpty }

    /// One picture batch, then one turn of the language model. Short enough that new requests and cancellations are seen
    /// soon.
    ///
    /// - Returns: whether there is more to do before anything else happens.
    @discardableResult
    func iterate() -> Bool {
        endClosed()
        // Views and prompts of others take turns between the tokens of running answers.
        let isTurnOfPrompts =
            backend.sharesProcessor && hasEncoded && isAnswering && requests.contains { $0.isReading }
        hasEncoded = isTurnOfPrompts ? false : encodeViews()
        endClosed()
        let goesOn = backend.turn(self, afterVision: hasEncoded)
        publish()
        return hasEncoded || goesOn
    }

    func place(of id: UInt64) -> Int? { requests.firstIndex { $0.id == id } }

    /// Ends a request. O(requests).
    func end(_ id: UInt64, _ result: Result<GenerationResult?, any Error>) {
        guard let place = place(of: id) else { return }
        let entry = requests.remove(at: place)
        backend.end(entry)
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
        backend.clear()
        publish()
    }

    /// Whether some answer has begun.
    var isAnswering: Bool { requests.contains { $0.isAnswering } }

    /// Makes what the engine holds visible to others.
    func publish() {
        let held = requests.reduce(0) { $0 + $1.embeddingBytes }
        let (language, gauges) = (backend.gauges, admission.gauges)
        metrics.update { [known] statistics in
            statistics.running = language.running
            statistics.waiting = max(gauges.requests - language.requests, 0)
            statistics.viewBytes = gauges.viewBytes
            statistics.promisedTokens = gauges.tokens
            statistics.usedBlocks = language.usedBlocks
            statistics.cachedBlocks = language.cachedBlocks
            statistics.blockCount = language.blockCount
            statistics.preemptions = language.preemptions
            statistics.prefixHitTokens = language.prefixHitTokens
            statistics.imageCacheBytes = known.byteCount
            statistics.imageCacheHits = known.hits
            statistics.heldEmbeddingBytes = held
        }
    }
}
