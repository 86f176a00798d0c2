public import Checkpoints
import Failures
public import Foundation
public import HiRED
public import ImageProcessing
public import ModelGraphs
import Scheduling
import Synchronization
public import Tokenization
public import VisionEncoding

/// A loaded model that answers questions about pictures, many at once.
///
/// Requests are prepared on a small pool; the model's work is done on a thread of its own. Nothing here but the stream of
/// an answer waits for the model: requests are accepted, refused and cancelled, and statistics are read, while a step
/// runs.
public final class VisionLanguageModel: Sendable {
    public let description: ModelDescription
    /// What an imported folder says of itself; nil for a checkpoint folder.
    public let manifest: ModelManifest?
    public let tokenizer: Tokenizer
    /// How answers are drawn where a request says nothing else: the generation settings of the model's folder, unless they
    /// are switched off.
    public let defaultSampling: SamplingOptions
    /// Milliseconds that loading took.
    public let loadMilliseconds: Double
    /// Bytes set aside for keys and values; taken from the system as they are used.
    public let cacheCapacity: Int
    /// The compiled language model's and vision tower's properties, by the runtime's names in lower case.
    public let runtimeProperties: (language: [String: String], vision: [String: String])

    /// Bytes of the language model's weights as the runtime keeps them: what a decoding step reads, keys and values aside.
    public let languageWeightBytes: Int

    let compilation: CompilationOptions
    let worker: EngineWorker
    let preparation: RequestPreparation
    let admission: Admission
    let metrics = EngineMetrics()
    let canceller: StepCanceller
    let costs = CostKnowledge()
    let costStore: CostModelStore
    let costKey: CostModelStore.Key
    let remote: (any RemoteLanguageModel)?
    private let nextID = Atomic<UInt64>(1)

    public struct Options: Sendable {
        public var compilation = CompilationOptions()
        public var generationSettings = GenerationSettings.file
        public var decoder = ImageDecoder()
        /// Bytes of memory that the model has to fit; the machine's unless given.
        public var memoryLimit: Int?
        public var engine = EngineOptions()
        /// Where the cost models of automatic budgets are kept.
        public var costModels = CostModelStore()
        /// Computes answers in place of the folder's own language model, which is not even loaded then.
        package var remote: (any RemoteLanguageModel)?
        /// Whether a folder without a language model will do: for selections, which need none.
        package var selectsAlone = false

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
        defaultSampling = try options.generationSettings.defaults(of: description.generation)
        let text = description.config.text
        if let window = text.slidingWindow, window < text.maximumPositions {
            throw InferenceError.unsupportedModel(
                "its attention window of \(window) is shorter than its context of \(text.maximumPositions)",
                remedy: "set sliding_window to null in config.json if the checkpoint was trained so")
        }
        tokenizer = try Tokenizer(contentsOf: url.appending(path: "tokenizer.json"))
        let prompts = try PromptAssembler(description, manifest: manifest, tokenizer: tokenizer)
        let compiler = try GraphCompiler(source, options.compilation)
        try compiler.checkOptions()
        compilation = options.compilation
        let remote = try options.remote ?? Self.standIn(for: source, options)
        self.remote = remote
        if remote != nil { try defaultSampling.checkRemote(generation: .file) }
        let weights = try source.storedWeights().filter { remote == nil || $0.part != .languageModel }
        costStore = options.costModels
        costKey = CostModelStore.Key(compiler, weights: weights, language: remote?.identity)
        let requirement = try MemoryRequirement(weights, floatBytes: compiler.floatBytes)
        languageWeightBytes = ResidentWeights.byteCount(
            weights.filter { $0.part == .languageModel }, floatBytes: try compiler.floatBytes)
        try requirement.check(against: options.memoryLimit ?? MachineMemory.total)
        // Until the first answer is whole: by then every matrix has been repacked.
        let trimmer = PageTrimmer(source)
        // A second tower, for strategies that read what HiRED does not, may take a quarter of what is free.
        let free = MachineMemory.available - requirement.total
        let tower = ResidentWeights.byteCount(
            weights.filter { $0.part == .vision }, floatBytes: try compiler.floatBytes)
        let pipeline = try ImagePipeline(compiler, decoder: options.decoder, towerBytes: tower + max(free / 4, 0))
        let reader = pipeline.reader
        let context = min(text.maximumPositions, remote?.context ?? .max)
        let mail = EngineMail()
        let backend: any LanguageBackend
        let room: RequestPreparation.CacheRoom
        if let remote {
            backend = RemoteBackend(
                remote, embedder: try TextEmbedder(compiler, width: text.hiddenSize), width: text.hiddenSize, mail: mail
            )
            // Whatever the context holds: what lies there at once is not counted here.
            room = RequestPreparation.CacheRoom(
                blockCount: min(options.engine.maximumSequences, 1 << 20) * ((context + 15) / 16), blockSize: 16,
                bytesPerBlock: 0)
            cacheCapacity = 0
            runtimeProperties = (["execution_devices": remote.identity], pipeline.encoder.properties)
        } else {
            let compiled = try LanguageModel.compile(compiler)
            let blocks = try Self.blockCount(options.engine, compiled, context: context, free: free)
            backend = try OpenVINOBackend(
                LanguageModel(compiled, compiler: compiler, blockCount: blocks), options: options.engine)
            room = RequestPreparation.CacheRoom(
                blockCount: blocks, blockSize: compiled.blockSize, bytesPerBlock: compiled.bytesPerBlock)
            cacheCapacity = blocks * compiled.bytesPerBlock
            runtimeProperties = (compiled.properties, pipeline.encoder.properties)
        }
        let known = KnownImages(byteLimit: options.engine.imageCacheBytes)
        admission = Admission(
            Admission.Limits(
                requests: Engine.requestLimit(options.engine), waiting: options.engine.maximumWaiting,
                encodedBytes: options.engine.maximumEncodedBytes, viewBytes: options.engine.maximumViewBytes))
        let engine = Engine(
            pipeline: pipeline, backend: backend, imageToken: prompts.imageToken, tokenizer: tokenizer,
            options: options.engine,
            limits: Engine.Limits(
                context: context, vocabulary: text.vocabularySize,
                endTokens: Set(description.generation.endTokenIDs.compactMap { Int32(exactly: $0) })),
            shared: Engine.Shared(known: known, admission: admission, metrics: metrics, costs: costs))
        engine.onFirstAnswer = { trimmer.stop() }
        canceller = engine.canceller
        preparation = RequestPreparation(
            prompts: prompts, reader: reader, known: known, admission: admission, costs: costs,
            limits: RequestPreparation.Limits(
                context: context, room: room, stepTokens: options.engine.maximumStepTokens,
                embeddingBytesPerToken: 4 * text.hiddenSize, sequences: options.engine.maximumSequences),
            threads: options.engine.preparationThreads)
        worker = EngineWorker(engine)
        mail.connect(to: worker)
        loadMilliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    }

    /// What takes the place of a language model that an import left out.
    ///
    /// - Returns: nil for a folder that has one.
    /// - Throws: `RemoteLanguageError.missing` where answers are wanted.
    private static func standIn(for source: any GraphSource, _ options: Options) throws -> (any RemoteLanguageModel)? {
        guard !source.hasLanguageModel else { return nil }
        guard options.selectsAlone else { throw RemoteLanguageError.missing }
        return MissingLanguageModel()
    }

    /// Blocks of the cache: what was asked for, or half of what is free, at most what so many sequences can use.
    private static func blockCount(
        _ options: EngineOptions, _ compiled: LanguageModel.Compiled, context: Int, free: Int
    ) throws -> Int {
        let bytesPerBlock = compiled.bytesPerBlock
        // Clamped first: a product of two large numbers must not trap.
        let most =
            min(options.maximumSequences, 1 << 20)
            * BlockPool.blocks(forTokens: context, blockSize: compiled.blockSize)
        let bytes = options.cacheBytes ?? max(free / 2, 64 << 20)
        let blocks = min(bytes / max(bytesPerBlock, 1), most)
        guard blocks > 0 else {
            throw InferenceError.invalidOption(
                .cacheMemory, "\(bytes) bytes", remedy: "one block of this model takes \(bytesPerBlock) bytes")
        }
        return blocks
    }
}

extension VisionLanguageModel {
    /// Answers a request as a stream of events. Returns at once; a request that is refused throws at its first event.
    public func generate(_ request: GenerationRequest) -> Generation { start(request, purpose: .answer) }

    private func start(_ request: GenerationRequest, purpose: PreparedRequest.Purpose) -> Generation {
        let buffer = EventBuffer()
        let channel = RequestChannel(
            id: nextID.wrappingAdd(1, ordering: .relaxed).oldValue, answers: request.answerCount,
            sink: { buffer.push($0) }, end: { buffer.finish($0) })
        enter(request, channel: channel, purpose: purpose)
        return Generation(channel, buffer: buffer)
    }

    /// Takes a place for a request and has it prepared, or refuses it at once.
    private func enter(_ request: GenerationRequest, channel: RequestChannel, purpose: PreparedRequest.Purpose) {
        do {
            try check(request)
            if case .answer = purpose, let reason = remote?.unavailability { throw reason }
            let place = try admission.enter(
                channel, encodedBytes: request.images.reduce(0) { $0 + ImageReader.heldBytes(of: $1) })
            channel.emit(.accepted(place: place))
        } catch {
            metrics.refuse(error)
            return channel.finish(.failure(error))
        }
        canceller.open(channel.id)
        channel.onClose { [canceller, admission, worker] id in
            canceller.cancel(id)
            admission.abandon(id)
            // An engine that waits for others sees it now.
            worker.post { _ in }
        }
        channel.arm(deadlineSeconds: request.deadlineSeconds)
        preparation.start(request, channel: channel, purpose: purpose) { [self] result in
            switch result {
            case .success(let prepared): worker.post { $0.begin(prepared) }
            case .failure(let error):
                if channel.isOpen { metrics.refuse(error) } else { metrics.end(channel.closingError, nil) }
                canceller.close(channel.id)
                admission.leave(channel.id)
                channel.finish(.failure(error))
            }
        }
    }

    /// What a prompt comes to, before any of it is computed: exact text tokens and layouts, and upper bounds of what
    /// each picture keeps. Reads the pictures' headers alone, and waits for nothing.
    ///
    /// - Throws: `InferenceError`, `HiREDError`, `ImageError`, `JinjaError`.
    public func count(_ request: GenerationRequest) throws -> PromptCount {
        try check(request)
        return try preparation.count(request)
    }

    private func check(_ request: GenerationRequest) throws {
        try request.validate()
        if remote != nil {
            try request.sampling.checkRemote(generation: nil)
            try request.checkRemotePositions()
        }
    }

    /// How many requests of such a length the cache and the engine's limits hold at once, each with its longest answer; at
    /// least 1.
    public func requestsHeldAtOnce(promptTokens: Int, answerTokens: Int) -> Int {
        preparation.limits.requestsHeldAtOnce(promptTokens: promptTokens, answerTokens: answerTokens)
    }

    /// How a picture of some size, turned upright, is cut.
    ///
    /// - Throws: `HiREDError.invalidLayout`, `ImageError.unsupportedPreparation`.
    public func layout(for size: PixelSize) throws -> PartitionLayout { try preparation.reader.layout(for: size) }

    /// The token selection of a picture, without an answer. Takes its turn with the pictures of other requests.
    ///
    /// - Throws: as `generate`; `CancellationError` when the task is cancelled.
    public func select(_ image: ImageInput, options: SelectionOptions) async throws -> PictureSelection {
        let found = Found()
        let request = GenerationRequest(.raw(""), images: [image], selection: options)
        for try await _ in start(request, purpose: .selection { found.set($0) }) {}
        guard let selection = found.selection else { throw CancellationError() }
        return selection
    }

    private final class Found: Sendable {
        private let value = Mutex<PictureSelection?>(nil)
        var selection: PictureSelection? { value.withLock { $0 } }
        func set(_ selection: PictureSelection) { value.withLock { $0 = selection } }
    }

    /// What the engine holds at this moment and has counted so far. Waits for nothing.
    public func statistics() -> EngineStatistics {
        var now = metrics.statistics
        // What was refused or given up while it was prepared left without the engine, which publishes after a step.
        let gauges = admission.gauges
        now.waiting = min(now.waiting, gauges.requests)
        now.viewBytes = gauges.viewBytes
        now.promisedTokens = gauges.tokens
        now.upstreams = remote?.statistics ?? []
        return now
    }

    /// Forgets what earlier requests left in the caches and gives the cache's memory back. For measurements.
    public func clearCaches() async throws { try await worker.perform { $0.clearCaches() } }
}

extension VisionLanguageModel {
    /// Whether the weights are repacked, so that the next answer takes as long as any.
    public var isWarm: Bool { costs.isWarm }
    /// Why no request can be answered now, where the language model is served elsewhere and cannot be reached.
    public var unavailability: RemoteLanguageError? { remote?.unavailability }
    /// Whether requests are taken.
    public var isAccepting: Bool { !admission.isDraining }

    /// Refuses whatever comes from now on, and returns when every request that was taken has ended.
    public func drain() async {
        admission.close()
        await admission.waitUntilEmpty()
    }

    /// Refuses whatever comes from now on, cancels what runs, and returns when nothing is held any more.
    public func shutDown() async {
        admission.close()
        admission.cancelAll()
        await admission.waitUntilEmpty()
    }
}

extension VisionLanguageModel {
    /// The packed image embeddings [K, D] of a picture. For tests and measurements.
    package func embeddings(of image: ImageInput, options: SelectionOptions) async throws -> [Float] {
        try await worker.perform { engine in
            var timings = ImageTimings()
            let (job, digest) = try engine.pipeline.encode(image, options: options, timings: &timings)
            let key = ImagePipeline.key(digest, options: options)
            return try engine.pipeline.finish(job, key: key, timings: &timings).embeddings.values
        }
    }

    /// The head-summed CLS rows of the first and the final layer for every view, [P][N] each.
    package func classAttention(of image: ImageInput) async throws -> ClassAttention {
        try await worker.perform { engine in
            let rows = try engine.pipeline.classAttention(of: image)
            return ClassAttention(first: rows.first, final: rows.final)
        }
    }

    package struct ClassAttention: Sendable {
        package var first: [[Float]]
        package var final: [[Float]]
    }
}
