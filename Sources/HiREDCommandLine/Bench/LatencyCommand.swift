import ArgumentParser
import Foundation
import HiREDInference
import Reporting

/// What a running answer feels of another request's prompt, and how long calls take that must not wait for the model.
struct LatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measure the time between tokens of an answer while another prompt is read, and calls beside it.",
        discussion: """
            An answer runs; then a question about a picture of 600×600 pixels comes. Told are the gaps between the \
            answer's tokens until that question's first token, and, in the same seconds, how long it takes to count a \
            request, to be given a place or refused, to cancel, and to read the statistics. Printed is one JSON object.
            """)

    @Argument(help: "The folder of a model.")
    var model: String

    @Option(help: "The question's budget.")
    var budget = "20%"

    @Option(help: "Calls of each kind.")
    var calls = 100

    @Option(help: "Milliseconds between two tokens that steps are sized for. (default: the engine's)")
    var target: Double?

    @Option(help: "Most tokens of a step; with a target far off, steps have this size. (default: the engine's)")
    var stepTokens: Int?

    @OptionGroup(title: "Model") var loading: ModelArguments

    private struct Report: Encodable {
        /// Milliseconds between two tokens of the answer, before the question comes and while it is read.
        var alone: Percentiles
        var beside: Percentiles
        var questionTtftMs: Double
        var questionTokens: Int
        var stepRows: Int
        var stepPrefillShare: Double
        /// Milliseconds of calls while the question is read.
        var calls: [String: Percentiles]
    }

    private struct Percentiles: Encodable {
        var median, most: Double
        var count: Int

        init(_ values: [Double]) {
            median = Spread.percentile(50, of: values)
            most = values.max() ?? 0
            count = values.count
        }
    }

    func run() async throws {
        guard calls > 0 else { throw CommandError(.usage, "calls cannot be \(calls); give at least 1") }
        if let target, !(target > 0 && target.isFinite) {
            throw CommandError(.usage, "target cannot be \(target); give milliseconds above 0")
        }
        if let stepTokens, stepTokens < 1 {
            throw CommandError(.usage, "step-tokens cannot be \(stepTokens); give at least 1")
        }
        let model = try loading.load(model) { engine in
            if let target { engine.millisecondsBetweenTokens = target }
            if let stepTokens { engine.maximumStepTokens = stepTokens }
        }
        try await model.warmUp { Progress.show($0) }
        Progress.clear()
        let picture = ImageInput.image(BenchPicture.draw(side: 600))
        var selection = SelectionOptions()
        selection.budget = try TokenBudget(parsing: budget)
        var question = GenerationRequest(
            GenerationRequest.question("What is in the picture?", imageCount: 1), images: [picture],
            selection: selection, maximumTokens: 2)
        question.ignoresEndOfSequence = true
        question.reusesCaches = false
        // Every shape once.
        for try await _ in model.generate(question) {}

        var talk = GenerationRequest(
            .raw("USER: Tell me a story. ASSISTANT:"), images: [], selection: SelectionOptions(), maximumTokens: 2000)
        talk.ignoresEndOfSequence = true
        let answer = model.generate(talk)
        let times = AsyncStream<ContinuousClock.Instant>.makeStream()
        let reader = Task {
            for try await case .token in answer { times.continuation.yield(.now) }
            times.continuation.finish()
        }
        var iterator = times.stream.makeAsyncIterator()
        var (alone, beside): ([ContinuousClock.Instant], [ContinuousClock.Instant]) = ([], [])
        while alone.count < 16, let time = await iterator.next() { alone.append(time) }

        let asked = ContinuousClock.now
        let second = Task { [question] in
            var (first, tokens): (ContinuousClock.Instant?, Int) = (nil, 0)
            for try await event in model.generate(question) {
                if case .token = event, first == nil { first = .now }
                if case .finished(let result) = event { tokens = result.promptTokens }
            }
            return (first: first ?? .now, tokens: tokens)
        }
        let measured = try await measureCalls(model, question)
        let plan = model.statistics().stepPlan
        let outcome = try await second.value
        answer.cancel()
        _ = try await reader.value
        while let time = await iterator.next() { if time <= outcome.first { beside.append(time) } }
        let report = Report(
            alone: Percentiles(Self.gaps(alone)), beside: Percentiles(Self.gaps(alone.suffix(1) + beside)),
            questionTtftMs: (outcome.first - asked) / .milliseconds(1), questionTokens: outcome.tokens,
            stepRows: plan?.rows ?? 0, stepPrefillShare: plan?.prefillShare ?? 0, calls: measured)
        try Output.printJSON(report)
    }

    private static func gaps(_ times: [ContinuousClock.Instant]) -> [Double] {
        zip(times, times.dropFirst()).map { ($1 - $0) / .milliseconds(1) }
    }

    private func measureCalls(
        _ model: VisionLanguageModel, _ question: GenerationRequest
    ) async throws -> [String: Percentiles] {
        var times: [String: [Double]] = [:]
        func time(_ name: String, _ body: () async throws -> Void) async rethrows {
            let start = ContinuousClock.now
            try await body()
            times[name, default: []].append((ContinuousClock.now - start) / .milliseconds(1))
        }
        var wrong = question
        wrong.maximumTokens = 0
        for _ in 0..<calls {
            try await time("count") { _ = try model.count(question) }
            await time("statistics") { _ = model.statistics() }
            try await time("refuse") {
                do { for try await _ in model.generate(wrong) {} } catch is InferenceError {}
            }
            try await time("accept_and_cancel") {
                let generation = model.generate(question)
                let events = generation.makeAsyncIterator()
                _ = try await events.next()
                generation.cancel()
                while try await events.next() != nil {}
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return times.mapValues { Percentiles($0) }
    }
}
