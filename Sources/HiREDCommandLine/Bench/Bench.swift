import Foundation
import HiRED
import HiREDInference

/// Measures one model: every case once for warmth, then in turns.
struct Bench {
    let model: VisionLanguageModel
    let picture: ImageInput
    let batches: [Int]
    let budgets: [TokenBudget]
    let maximumTokens: Int
    let runs: Int

    /// What one run of a case gave.
    struct Sample {
        /// Seconds from the first request's start to the last one's end.
        var seconds: Double
        var results: [GenerationResult]
        var anonymousBytes: Int
    }

    struct Case: Hashable {
        var batch: Int
        var budget: TokenBudget
    }

    private(set) var samples: [Case: [Sample]] = [:]
    /// Cases that the memory set aside for keys and values cannot hold, and why.
    private(set) var refused: [Case: String] = [:]
    private var promptTokens: [TokenBudget: Int] = [:]
    /// Milliseconds of the bare compiled models, nothing of ours around them, in the same rounds.
    private(set) var runtime = BareRuntime()

    init(
        model: VisionLanguageModel, picture: ImageInput, batches: [Int], budgets: [TokenBudget], maximumTokens: Int,
        runs: Int
    ) {
        self.model = model
        self.picture = picture
        self.batches = batches
        self.budgets = budgets
        self.maximumTokens = maximumTokens
        self.runs = runs
    }

    var cases: [Case] { batches.flatMap { batch in budgets.map { Case(batch: batch, budget: $0) } } }

    /// - Parameter vision: times the bare vision tower too.
    mutating func measure(vision: Bool) async throws {
        for run in 0...runs {
            // The smallest batch warms a budget's shapes up for all.
            for item in cases where refused[item] == nil && (run > 0 || item.batch == batches.min()) {
                let round = run == 0 ? "warm-up" : "run \(run) of \(runs)"
                Progress.show("\(round): batch \(item.batch), budget \(item.budget) …")
                do {
                    let sample = try await self.run(item)
                    promptTokens[item.budget] = sample.results.first?.promptTokens
                    if run > 0 { samples[item, default: []].append(sample) }
                } catch let error as InferenceError {
                    refused[item] = "\(error)"
                }
            }
            try await measureRuntime(vision: vision, isWarmUp: run == 0)
        }
        Progress.clear()
    }

    private func run(_ item: Case) async throws -> Sample {
        try await model.clearCaches()
        var options = SelectionOptions()
        options.budget = item.budget
        var request = GenerationRequest(
            GenerationRequest.question("What is in the picture?", imageCount: 1), images: [picture],
            selection: options, maximumTokens: maximumTokens)
        request.ignoresEndOfSequence = true
        request.reusesCaches = false
        let start = ContinuousClock.now
        let results = try await withThrowingTaskGroup(of: GenerationResult?.self) { group in
            for _ in 0..<item.batch {
                group.addTask { [model, request] in
                    var result: GenerationResult?
                    for try await case .finished(let finished) in model.generate(request) { result = finished }
                    return result
                }
            }
            return try await group.reduce(into: [GenerationResult]()) { if let result = $1 { $0.append(result) } }
        }
        return Sample(
            seconds: (ContinuousClock.now - start) / .seconds(1), results: results,
            anonymousBytes: MemoryUsage.current().anonymous)
    }

    /// The bare models on the shapes of the cases, each once.
    private mutating func measureRuntime(vision: Bool, isWarmUp: Bool) async throws {
        var measured = BareRuntime()
        measured.productRates = [try await model.measureProductRate()]
        for item in cases where refused[item] == nil {
            guard let tokens = promptTokens[item.budget] else { continue }
            Progress.show("bare runtime: \(tokens) tokens …")
            if measured.prefill[tokens] == nil {
                measured.prefill[tokens] = [try await model.measureRuntime(prefill: tokens)]
            }
            let shape = RuntimeMeasurement.DecodeShape(batch: item.batch, context: tokens)
            if measured.decode[shape] == nil {
                measured.decode[shape] = [try await model.measureRuntime(decode: shape)]
            }
        }
        if vision {
            for views in [1, 2, 4] { measured.vision[views] = [try await model.measureRuntime(views: views)] }
        }
        if !isWarmUp { runtime.add(measured) }
    }
}

/// Milliseconds of bare compiled models, a value for each round.
struct BareRuntime {
    /// Operations a second of one large matrix product.
    var productRates: [Double] = []
    /// By the prompt's length.
    var prefill: [Int: [Double]] = [:]
    var decode: [RuntimeMeasurement.DecodeShape: [Double]] = [:]
    /// By the number of views encoded together.
    var vision: [Int: [Double]] = [:]

    mutating func add(_ other: BareRuntime) {
        productRates += other.productRates
        prefill.merge(other.prefill) { $0 + $1 }
        decode.merge(other.decode) { $0 + $1 }
        vision.merge(other.vision) { $0 + $1 }
    }
}
