public import Checkpoints
public import Foundation
public import HiRED
public import ImageProcessing
public import ModelGraphs
import Scheduling
import Synchronization
public import Tokenization

/// A loaded model that answers questions about pictures, many at once.
///
/// Its work is done on a thread of its own: pictures of waiting requests are encoded between the steps of running ones.
public actor VisionLanguageModel {
    public nonisolated let description: ModelDescription
    /// What an imported folder says of itself; nil for a checkpoint folder.
    public nonisolated let manifest: ModelManifest?
    public nonisolated let tokenizer: Tokenizer
    /// Milliseconds that loading took.
    public nonisolated let loadMilliseconds: Double
    /// Bytes set aside for keys and values; taken from the system as they are used.
    public nonisolated let cacheCapacity: Int

    let engine: Engine
    private var isRunning = false
    /// Until the first answer is whole: by then every matrix has been repacked.
    var trimmer: PageTrimmer?
    let costStore: CostModelStore
    let costKey: CostModelStore.Key
    private nonisolated let canceller: StepCanceller
    private nonisolated let nextID = Atomic<UInt64>(1)
    private nonisolated let thread: InferenceThread

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public struct Options: Sendable {
        public var precision = Precision.auto
        public var threads: Int?
        public var decoder = ImageDecoder()
        /// Bytes of memory that the model has to fit; the machine's unless given.
        public var memoryLimit: Int?
        public var engine = EngineOptions()
        /// Where the cost models of automatic budgets are kept.
        public var costModels = CostModelStore()

        public init() {}
    }

    /// Loads an imported model folder, or an HF checkpoint folder. Takes seconds for large ones; call it off the main
    /// thread.
    ///
    /// - Throws: `CheckpointError`, `TokenizerError`, `GraphError`, `ImageError`, `InferenceError`, `OpenVINOError`.
    public init(contentsOf url: URL, options: Options = Options()) throws {
        let start = ContinuousClock.now
        let source = try openGraphSource(url)
        (description, manifest) = (source.description, source.manifest)
        let text = description.config.text
        if let window = text.slidingWindow, window < text.maximumPositions {
            throw InferenceError.unsupportedModel(
                "its attention window of \(window) is shorter than its context of \(text.maximumPositions)",
                remedy: "set sliding_window to null in config.json if the checkpoint was trained so")
        }
        tokenizer = try Tokenizer(contentsOf: url.appending(path: "tokenizer.json"))
        let prompts = try PromptAssembler(description, manifest: manifest, tokenizer: tokenizer)
        let compiler = try GraphCompiler(
            source, precision: options.precision, cachePrecision: options.engine.cachePrecision,
            threads: options.threads)
        let weights = try source.storedWeights()
        costStore = options.costModels
        costKey = CostModelStore.Key(
            compiler, weights: weights, threads: options.threads, precision: options.precision,
            cachePrecision: options.engine.cachePrecision)
        let requirement = try MemoryRequirement(weights, floatBytes: compiler.floatBytes)
        try requirement.check(against: options.memoryLimit ?? MachineMemory.total)
        trimmer = PageTrimmer(source)
        let pipeline = try ImagePipeline(compiler, decoder: options.decoder)
        let compiled = try LanguageModel.compile(compiler)
        let blocks = try Self.blockCount(
            options.engine, bytesPerBlock: compiled.bytesPerBlock, context: text.maximumPositions,
            free: MachineMemory.available - requirement.total)
        let language = try LanguageModel(compiled, compiler: compiler, blockCount: blocks)
        cacheCapacity = blocks * compiled.bytesPerBlock
        engine = try Engine(
            pipeline: pipeline, language: language, prompts: prompts, tokenizer: tokenizer, options: options.engine,
            limits: Engine.Limits(
                context: text.maximumPositions,
                endTokens: Set(description.generation.endTokenIDs.compactMap { Int32(exactly: $0) })))
        canceller = engine.canceller
        thread = InferenceThread(label: "hired.inference")
        loadMilliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    }

    /// Blocks of the cache: what was asked for, or half of what is free, at most what so many sequences can use.
    private static func blockCount(_ options: EngineOptions, bytesPerBlock: Int, context: Int, free: Int) throws -> Int
    {
        let most = options.maximumSequences * KeyValueCache.blockCount(tokens: context)
        let bytes = options.cacheBytes ?? max(free / 2, 64 << 20)
        let blocks = min(bytes / max(bytesPerBlock, 1), most)
        guard blocks > 0 else {
            throw InferenceError.invalidOption(
                "kv-memory", "\(bytes) bytes", remedy: "one block of this model takes \(bytesPerBlock) bytes")
        }
        return blocks
    }

    /// Answers a request as a stream. Ending the iteration, or cancelling the task that iterates, stops the work.
    public nonisolated func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            let id = nextID.wrappingAdd(1, ordering: .relaxed).newValue
            let start = ContinuousClock.now
            canceller.open(id)
            continuation.onTermination = { [canceller] reason in
                if case .cancelled = reason { canceller.cancel(id) }
            }
            Task { await self.submit(request, id: id, start: start, continuation) }
        }
    }

    private func submit(
        _ request: GenerationRequest, id: SequenceID, start: ContinuousClock.Instant,
        _ continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
    ) async {
        do {
            if let auto = request.autoBudget {
                try auto.validate()
                try await prepareAutoBudget()
            }
            guard !canceller.isCancelled(id) else { throw CancellationError() }
            try engine.submit(request, id: id, start: start) {
                continuation.yield($0)
            } finish: {
                continuation.finish(throwing: $0)
            }
        } catch {
            canceller.close(id)
            return continuation.finish(throwing: error)
        }
        run()
    }

    /// Works until no request is left.
    private func run() {
        guard !isRunning else { return }
        isRunning = true
        if trimmer != nil {
            engine.onFirstAnswer = { [weak self] in self?.assumeIsolated { $0.trimmer = nil } }
        }
        Task {
            while engine.hasWork {
                engine.iterate()
                // Lets new requests and cancellations in.
                await Task.yield()
            }
            isRunning = false
        }
    }
}

extension VisionLanguageModel {
    /// The token selection of a picture, without an answer.
    public func select(_ image: ImageInput, options: SelectionOptions) throws -> (
        tokens: ImageTokens, partitions: ImagePartitions, timings: Timings
    ) {
        var timings = Timings()
        let start = ContinuousClock.now
        let (job, _) = try engine.pipeline.encode(image, options: options, timings: &timings) { _, _ in
            try Task.checkCancellation()
        }
        let tokens = try timings.measure(\.select) { try job.select() }
        timings.total = (ContinuousClock.now - start) / .milliseconds(1)
        return (tokens, job.partitions, timings)
    }

    /// The packed image embeddings [K, D] of a picture. For tests and measurements.
    public func embeddings(of image: ImageInput, options: SelectionOptions) throws -> [Float] {
        var timings = Timings()
        let (job, digest) = try engine.pipeline.encode(image, options: options, timings: &timings) { _, _ in }
        let key = ImagePipeline.key(digest, options: options)
        return try engine.pipeline.finish(job, key: key, timings: &timings).embeddings.values
    }

    /// The head-summed CLS rows of the first and the final layer for every view, [P][N] each.
    public func classAttention(of image: ImageInput) throws -> (first: [[Float]], final: [[Float]]) {
        try engine.pipeline.classAttention(of: image)
    }

    /// What the engine holds at this moment. O(1).
    public func statistics() -> EngineStatistics { engine.statistics }

    /// Forgets what earlier requests left in the caches and gives the cache's memory back. For measurements.
    public func clearCaches() { engine.clearCaches() }
}
