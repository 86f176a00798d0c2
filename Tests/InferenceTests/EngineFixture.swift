import Foundation
import HiRED
import Scheduling
import Testing

@testable import Inference

/// Requests to the demo model, and engines that are driven by hand.
enum EngineFixture {
    static let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/demo")

    static let pictures = [
        "00-scene", "01-scene", "02-scene", "03-scene", "04-sign", "05-sign", "06-sign", "07-sign", "08-receipt",
        "09-receipt", "10-receipt", "11-receipt", "12-chart", "13-chart", "14-chart", "15-chart",
    ]

    static func picture(_ number: Int) -> ImageInput {
        .file(demo.appending(path: "samples/\(pictures[number % pictures.count]).png"))
    }

    /// In float32 throughout, so that answers do not depend on what else is computed with them.
    static func model(_ change: (inout EngineOptions) -> Void = { _ in }) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.precision = .f32
        change(&options.engine)
        return try VisionLanguageModel(contentsOf: demo, options: options)
    }

    static func request(
        _ pictures: [Int] = [10], _ question: String = "What does the image say?", budget: String = "20%",
        tokens: Int = 24
    ) throws -> GenerationRequest {
        var selection = SelectionOptions()
        selection.budget = try TokenBudget(parsing: budget)
        return GenerationRequest(
            GenerationRequest.question(question, imageCount: pictures.count), images: pictures.map(picture),
            selection: selection, maximumTokens: tokens)
    }

    /// Bytes of one block of the demo model's cache in float32: keys and values of 4 layers, width 224, 32 tokens.
    static let blockBytes = 2 * 4 * 224 * 4 * 32

    /// All kinds of requests: pictures, budgets, lengths, greedy and drawn.
    static func mixed(_ count: Int, seed: UInt64, longest: Int = 80) throws -> [GenerationRequest] {
        var generator = SplitMix64(seed: seed)
        let questions = ["What does the image say?", "What number is written?", "What word is written?"]
        return try (0..<count).map { number in
            var request = try request(
                [number], questions[Int.random(in: 0..<3, using: &generator)],
                budget: ["full", "40%", "20%"][number % 3],
                tokens: Int.random(in: 1...longest, using: &generator))
            if number % 2 == 1 {
                request.sampling = SamplingOptions(temperature: 1.2, topK: 40, seed: UInt64(number))
            }
            // Long answers make sequences outgrow the blocks they began with.
            request.ignoresEndOfSequence = number % 4 < 2
            return request
        }
    }
}

/// What a request gave.
struct Answer: Sendable, Equatable {
    var text = ""
    var tokens: [Int32] = []
    var promptTokens = 0

    init(_ result: GenerationResult) {
        (text, tokens, promptTokens) = (result.answer, result.tokens, result.promptTokens)
    }
}

extension VisionLanguageModel {
    func result(_ request: GenerationRequest) async throws -> GenerationResult {
        var result: GenerationResult?
        var text = ""
        for try await event in generate(request) {
            if case .text(let piece) = event { text += piece }
            if case .finished(let finished) = event { result = finished }
        }
        // The stream of a cancelled task just ends.
        guard let finished = result else { throw CancellationError() }
        #expect(text == finished.answer)
        return finished
    }

    /// The answer of a request that has the model to itself and finds nothing in its caches.
    func aloneAnswer(_ request: GenerationRequest) async throws -> Answer {
        var request = request
        request.reusesCaches = false
        return Answer(try await result(request))
    }

    /// Hands out the engine while its own loop stands still.
    func drive<Result: Sendable>(_ body: @Sendable (Engine) throws -> Result) rethrows -> Result { try body(engine) }

    /// Checks that nothing is left of any request.
    func expectNothingLeft(_ location: SourceLocation = #_sourceLocation) throws {
        #expect(engine.requests.isEmpty, sourceLocation: location)
        #expect(engine.scheduler.isIdle, sourceLocation: location)
        #expect(engine.canceller.openCount == 0, sourceLocation: location)
        #expect(engine.canceller.pending.isEmpty, sourceLocation: location)
        #expect(statistics().usedBlocks == 0, sourceLocation: location)
        try engine.scheduler.checkInvariants()
    }
}

/// What an engine that is driven by hand says of its requests, in one order.
final class EventLog {
    struct Entry {
        var id: SequenceID
        var event: GenerationEvent
    }

    private(set) var entries: [Entry] = []
    private(set) var results: [SequenceID: GenerationResult] = [:]
    private(set) var errors: [SequenceID: any Error] = [:]

    func submit(_ request: GenerationRequest, id: SequenceID, to engine: Engine) throws {
        engine.canceller.open(id)
        do {
            try engine.submit(request, id: id) { [self] event in
                entries.append(Entry(id: id, event: event))
                if case .finished(let result) = event { results[id] = result }
            } finish: { [self] error in
                errors[id] = error
            }
        } catch {
            engine.canceller.close(id)
            throw error
        }
    }

    /// Works until nothing is left, with the bookkeeping checked after every iteration.
    func finish(_ engine: Engine) throws {
        while engine.hasWork {
            engine.iterate()
            try engine.scheduler.checkInvariants()
        }
    }

    func views(of id: SequenceID) -> Int {
        entries.count { entry in
            if entry.id == id, case .stage(.vision) = entry.event { true } else { false }
        }
    }
}
