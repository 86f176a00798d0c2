import OpenVINO
import Scheduling

/// The decoder in this process: many sequences at once over a paged cache, in steps that mix prompts and answers.
final class OpenVINOBackend: LanguageBackend {
    let language: LanguageModel
    let options: EngineOptions
    var scheduler: Scheduler
    var pacer: StepPacer
    /// What schedulers counted that were replaced.
    private var earlier = (preemptions: 0, prefixHitTokens: 0)
    /// Called before a step is computed. For tests, which hold or fail it.
    var beforeStep: ((Step) throws -> Void)?

    /// Buffers of a step, kept between steps: the places in the engine's requests of its entries and which answers they
    /// are; the entries that sample; what sampling gave.
    var stepPlaces: [(request: Int, answer: Int)] = []
    var sampled: [Int] = []
    var outcomes: [StepOutcome] = []

    init(_ language: LanguageModel, options: EngineOptions) throws {
        self.language = language
        self.options = options
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
    }

    let sharesProcessor = true
    var waiting: Int { scheduler.statistics.waiting }
    var isIdle: Bool { scheduler.isIdle }
    var blockSize: Int { language.cache.blockSize }
    var bytesPerBlock: Int { language.cache.bytesPerBlock }

    func makeStop() -> (@Sendable () -> Void)? {
        let canceller = language.makeCanceller()
        return { canceller.cancel() }
    }

    var gauges: LanguageGauges {
        let counts = scheduler.statistics
        var running: Set<UInt64> = []
        scheduler.forEachRunning { running.insert(EngineRequest.names(of: $0).request) }
        return LanguageGauges(
            running: counts.running, requests: running.count, usedBlocks: counts.usedBlocks,
            cachedBlocks: counts.cachedBlocks, blockCount: counts.blockCount,
            preemptions: earlier.preemptions + counts.preemptions,
            prefixHitTokens: earlier.prefixHitTokens + counts.prefixHitTokens)
    }

    func begin(_ engine: Engine, _ id: UInt64, _ content: PromptContent, maximumTokens: Int) throws {
        guard let place = engine.place(of: id) else { return }
        let request = engine.requests[place].request
        var content = content
        let keys =
            options.reusesPrefixes && request.reusesCaches ? content.promptKeys(blockSize: blockSize) : []
        let admission = scheduler.submit(
            SequenceRequest(
                id: engine.requests[place].sequenceID(0), promptLength: content.promptLength,
                maximumNewTokens: max(maximumTokens, 1), promptKeys: keys))
        if case .rejected(let rejection) = admission { throw error(for: rejection) }
        engine.requests[place].sequences = [
            engine.sequence(0, content, of: request, prompt: engine.requests[place].ids, maximumTokens)
        ]
    }

    /// What preparation let through does fit: these are faults of this program.
    private func error(for rejection: Rejection) -> InferenceError {
        switch rejection {
        case .queueFull(let limit): .queueFull(limit: limit)
        case .neverFits(let needed, let available, _):
            .cacheTooSmall(needed: needed * bytesPerBlock, available: available * bytesPerBlock, fittingBudget: 0)
        case .emptyRequest, .duplicate, .unknown: .emptyPrompt
        }
    }

    func end(_ entry: EngineRequest) {
        for sequence in entry.sequences where !sequence.isEnded { scheduler.cancel(entry.sequenceID(sequence.answer)) }
    }

    func turn(_ engine: Engine, afterVision: Bool) -> Bool {
        runStep(engine, afterVision: afterVision)
        return true
    }

    func clear() {
        guard scheduler.isIdle,
            let pool = try? BlockPool(blockCount: language.cache.blockCount, blockSize: language.cache.blockSize),
            let empty = try? Scheduler(pool: pool, options: scheduler.options)
        else { return }
        let counts = scheduler.statistics
        earlier.preemptions += counts.preemptions
        earlier.prefixHitTokens += counts.prefixHitTokens
        scheduler = empty
        language.cache.releasePages()
    }

    func freeBlocks(_ engine: Engine, before place: Int) -> Int {
        // Earlier requests get theirs first, with all that their answers may still need.
        let promised = engine.requests[..<place].reduce(0) { sum, earlier in
            sum
                + max(
                    scheduler.pool.blocks(forTokens: engine.mostPositions(of: earlier))
                        * max(earlier.sequences.count, 1) - earlier.sequences.reduce(0) { $0 + $1.blockCount },
                    0)
        }
        return scheduler.pool.availableBlocks - promised
    }
}
