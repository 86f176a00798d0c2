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
    private(set) var runtime: [String: [Double]] = [:]

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

    mutating func measure(runtime wanted: Bool) async throws {
        for run in 0...runs {
            // The smallest batch warms a budget's shapes up for all.
            for item in cases where refused[item] == nil && (run > 0 || item.batch == batches.min()) {
                let round = run == 0 ? "warm-up" : "run \(run) of \(runs)"
                Progress.show("\(round): batch \(item.batch), budget \(item.budget) …")
                do {
                    let sample = try await self.run(item)
                    if run > 0 { samples[item, default: []].append(sample) }
                } catch let error as InferenceError {
                    refused[item] = "\(error)"
                }
            }
            if wanted { try await measureRuntime(isWarmUp: run == 0) }
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

    /// The bare models on the shapes of the cases.
    private mutating func measureRuntime(isWarmUp: Bool) async throws {
        var shapes: [String: Double] = [:]
        for (item, samples) in samples {
            guard let result = samples.first?.results.first else { continue }
            let tokens = result.promptTokens
            Progress.show("bare runtime: \(tokens) tokens …")
            if shapes["prefill \(tokens)"] == nil {
                shapes["prefill \(tokens)"] = try await model.measureRuntime(prefill: tokens)
            }
            shapes["decode \(item.batch)×\(tokens)"] = try await model.measureRuntime(
                decode: .init(batch: item.batch, context: tokens))
        }
        for views in [1, 2, 4] { shapes["vision \(views)"] = try await model.measureRuntime(views: views) }
        guard !isWarmUp else { return }
        for (name, value) in shapes { runtime[name, default: []].append(value) }
    }
}
