public import Checkpoints
public import Foundation
public import HiRED
public import ImageProcessing
public import ModelGraphs
public import Tokenization

/// A loaded checkpoint that answers questions about pictures.
///
/// One request runs at a time; others wait. The work is done on a thread of its own.
public actor VisionLanguageModel {
    public nonisolated let description: ModelDescription
    /// What an imported folder says of itself; nil for a checkpoint folder.
    public nonisolated let manifest: ModelManifest?
    nonisolated let prompts: PromptAssembler
    public nonisolated let tokenizer: Tokenizer
    /// Milliseconds that loading took.
    public nonisolated let loadMilliseconds: Double

    private let pipeline: ImagePipeline
    private let language: LanguageModel
    /// Until the first answer is whole: by then every matrix has been repacked.
    private var trimmer: PageTrimmer?
    private nonisolated let canceller: RequestCanceller
    private nonisolated let thread: InferenceThread

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public struct Options: Sendable {
        public var precision = Precision.auto
        public var threads: Int?
        public var decoder = ImageDecoder()
        /// Bytes of memory that the model has to fit; the machine's unless given.
        public var memoryLimit: Int?

        public init() {}
    }

    /// Loads an imported model folder, or an HF checkpoint folder. Takes seconds for large ones; call it off the main thread.
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
        prompts = try PromptAssembler(description, manifest: manifest, tokenizer: tokenizer)
        let compiler = try GraphCompiler(source, precision: options.precision, threads: options.threads)
        try MemoryRequirement(source.storedWeights(), floatBytes: compiler.floatBytes)
            .check(against: options.memoryLimit ?? MachineMemory.total)
        trimmer = PageTrimmer(source)
        pipeline = try ImagePipeline(compiler, decoder: options.decoder)
        language = try LanguageModel(compiler)
        canceller = RequestCanceller(language.makeCanceller())
        thread = InferenceThread(label: "hired.inference")
        loadMilliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    }

    /// The token selection of a picture, without an answer.
    public func select(_ image: ImageInput, options: SelectionOptions) throws -> (
        tokens: ImageTokens, partitions: ImagePartitions, timings: Timings
    ) {
        var timings = Timings()
        let start = ContinuousClock.now
        let result = try pipeline.select(image, options: options, timings: &timings) { _, _ in
            try Task.checkCancellation()
        }
        timings.total = (ContinuousClock.now - start) / .milliseconds(1)
        return (result.tokens, result.partitions, timings)
    }

    /// Answers a request as a stream. Ending the iteration, or cancelling the task that iterates, stops the work.
    public nonisolated func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            let id = UUID()
            let task = Task {
                do {
                    try await self.run(request, id: id) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { [canceller] reason in
                guard case .cancelled = reason else { return }
                task.cancel()
                canceller.cancel(id)
            }
        }
    }

    /// The packed image embeddings [K, D] of a picture. For tests and measurements.
    public func embeddings(of image: ImageInput, options: SelectionOptions) throws -> [Float] {
        var timings = Timings()
        return try pipeline.embed(image, options: options, timings: &timings) { _, _ in }.embeddings
    }

    /// The head-summed CLS rows of the first and the final layer for every view, [P][N] each.
    public func classAttention(of image: ImageInput) throws -> (first: [[Float]], final: [[Float]]) {
        try pipeline.classAttention(of: image)
    }

    private func run(_ request: GenerationRequest, id: UUID, emit: (GenerationEvent) -> Void) throws {
        try Task.checkCancellation()
        try canceller.run(id) { try answer(request, emit: emit) }
    }

    private func answer(_ request: GenerationRequest, emit: (GenerationEvent) -> Void) throws {
        let start = ContinuousClock.now
        func elapsed() -> Double { (ContinuousClock.now - start) / .milliseconds(1) }
        try request.sampling.validate()
        guard request.maximumTokens > 0 else {
            throw InferenceError.invalidOption("max-tokens", "\(request.maximumTokens)", remedy: "give at least 1")
        }
        var timings = Timings()
        let ids = try prompts.ids(of: request)
        var images: [ImagePipeline.Result] = []
        for (number, image) in request.images.enumerated() {
            let result = try pipeline.embed(image, options: request.selection, timings: &timings) { view, count in
                try Task.checkCancellation()
                emit(.stage(.vision(image: number, view: view, count: count)))
            }
            images.append(result)
        }
        let promptTokens = ids.count + images.reduce(0) { $0 + $1.tokens.kept - 1 }
        let limit = description.config.text.maximumPositions
        guard promptTokens < limit else {
            throw InferenceError.contextExceeded(
                promptTokens: promptTokens, maximumTokens: request.maximumTokens, limit: limit)
        }
        let maximum = min(request.maximumTokens, limit - promptTokens)
        emit(.stage(.prefill(tokens: promptTokens)))
        try Task.checkCancellation()
        var sequence = try DecodingSequence(
            language, sampling: request.sampling, capacity: promptTokens + maximum,
            prompt: ids.filter { $0 != prompts.imageToken })
        var next = try timings.measure(\.prefill) {
            let prompt = try prompts.embeddings(
                ids, images: images.map(\.embeddings), language: language)
            return try sequence.extend(prompt)
        }
        timings.timeToFirstToken = elapsed()

        var tokens: [Int32] = []
        var answer = ""
        var detokenizer = StreamingDetokenizer(tokenizer, stop: request.sampling.stop)
        let ends =
            request.ignoresEndOfSequence
            ? [] : Set(description.generation.endTokenIDs.compactMap { Int32(exactly: $0) })
        var reason = GenerationResult.FinishReason.length
        let decodeStart = ContinuousClock.now
        while true {
            try Task.checkCancellation()
            tokens.append(next)
            if ends.contains(next) {
                reason = .stop
                break
            }
            let text = detokenizer.append(next)
            answer += text
            if !text.isEmpty { emit(.text(text)) }
            guard !detokenizer.isStopped, tokens.count < maximum else { break }
            next = try sequence.extend(try language.embed([next]))
        }
        timings.decode = (ContinuousClock.now - decodeStart) / .milliseconds(1)
        let rest = detokenizer.finish()
        answer += rest
        if !rest.isEmpty { emit(.text(rest)) }
        if detokenizer.isStopped { reason = .stop }
        timings.total = elapsed()
        trimmer = nil
        emit(
            .finished(
                GenerationResult(
                    answer: answer, tokens: tokens, logprobs: sequence.logprobs, finishReason: reason,
                    promptTokens: promptTokens, images: images.map(\.tokens), timings: timings,
                    cacheBytes: sequence.cacheBytes)))
    }
}
