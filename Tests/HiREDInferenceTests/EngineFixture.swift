import ElementTypes
import Foundation
import HiRED
import Scheduling
import Testing

@testable import HiREDInference

/// Requests to the demo model, and engines that are driven by hand.
enum EngineFixture {
    static let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models/demo")

    static let pictures = [
        "00-scene", "01-scene", "02-scene", "03-scene", "04-sign", "05-sign", "06-sign", "07-page", "08-receipt",
        "09-receipt", "10-receipt", "11-form", "12-chart", "13-chart", "14-form", "15-page",
    ]

    static func picture(_ number: Int) -> ImageInput {
        .file(demo.appending(path: "samples/\(pictures[number % pictures.count]).png"))
    }

    /// In float32 throughout, so that answers do not depend on what else is computed with them.
    static func model(
        cache: CachePrecision = .auto, _ change: (inout EngineOptions) -> Void = { _ in }
    ) throws -> VisionLanguageModel {
        var options = VisionLanguageModel.Options()
        options.compilation.precision = .f32
        options.compilation.cachePrecision = cache
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

    /// Bytes of one block of the demo model's cache in float32: keys and values of 6 layers, width 256, 32 tokens.
    static let blockBytes = 2 * 6 * 256 * 4 * 32

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

extension Engine {
    /// What computes answers in every engine of these tests but those with a language model elsewhere.
    var openVINO: OpenVINOBackend {
        guard let backend = backend as? OpenVINOBackend else { fatalError("the engine of this test computes here") }
        return backend
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
            if case .token(let token) = event, token.answer == 0 { text += token.text }
            if case .finished(let finished) = event { result = finished }
        }
        // Every stream that does not throw ends so.
        let finished = try #require(result)
        if finished.finishReason == .cancelled { throw CancellationError() }
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
    func drive<Result: Sendable>(_ body: @escaping @Sendable (Engine) throws -> Result) async throws -> Result {
        try await worker.perform(body)
    }

    /// Checks that nothing is left of any request.
    func expectNothingLeft(_ location: SourceLocation = #_sourceLocation) async throws {
        // A request that was given up is let go between two steps.
        await admission.waitUntilEmpty()
        try await drive { engine in
            #expect(engine.requests.isEmpty, sourceLocation: location)
            #expect(engine.openVINO.scheduler.isIdle, sourceLocation: location)
            #expect(engine.canceller.openCount == 0, sourceLocation: location)
            #expect(engine.canceller.pending.isEmpty, sourceLocation: location)
            #expect(engine.openVINO.scheduler.pool.usedBlocks == 0, sourceLocation: location)
            try engine.openVINO.scheduler.checkInvariants()
        }
        let gauges = admission.gauges
        #expect((gauges.requests, gauges.encodedBytes, gauges.viewBytes) == (0, 0, 0), sourceLocation: location)
        #expect(gauges.tokens == 0, sourceLocation: location)
    }
}

/// What an engine that is driven by hand says of its requests, in one order.
///
/// `@unchecked Sendable`: a test drives the engine on one thread and reads afterwards; deadlines that come from
/// elsewhere take the lock.
final class EventLog: @unchecked Sendable {
    struct Entry {
        var id: UInt64
        var event: GenerationEvent
    }

    private let model: VisionLanguageModel
    private let lock = NSLock()
    private(set) var entries: [Entry] = []
    private(set) var results: [UInt64: GenerationResult] = [:]
    private(set) var errors: [UInt64: any Error] = [:]
    private var channels: [UInt64: RequestChannel] = [:]

    init(_ model: VisionLanguageModel) { self.model = model }

    /// Prepares a request where it stands and gives it to the engine.
    func submit(_ request: GenerationRequest, id: UInt64, to engine: Engine) throws {
        let channel = RequestChannel(id: id, answers: request.answerCount) { [self] event in
            lock.withLock {
                entries.append(Entry(id: id, event: event))
                if case .finished(let result) = event { results[id] = result }
            }
        } end: { [self] error in
            lock.withLock { errors[id] = error }
        }
        try request.validate()
        _ = try model.admission.enter(channel, encodedBytes: 0)
        engine.canceller.open(id)
        channel.onClose { [canceller = engine.canceller] id in canceller.cancel(id) }
        channel.arm(deadlineSeconds: request.deadlineSeconds)
        channels[id] = channel
        do { engine.begin(try model.preparation.prepare(request, channel: channel)) } catch {
            engine.canceller.close(id)
            model.admission.leave(id)
            throw error
        }
    }

    func cancel(_ id: UInt64) { channels[id]?.cancel() }

    var cancelled: [UInt64] { results.filter { $0.value.finishReason == .cancelled }.keys.sorted() }

    /// Works until nothing is left, with the bookkeeping checked after every iteration.
    func finish(_ engine: Engine) throws {
        while engine.hasWork {
            engine.iterate()
            try engine.openVINO.scheduler.checkInvariants()
        }
    }

    func views(of id: UInt64) -> Int {
        entries.count { entry in
            if entry.id == id, case .encoding = entry.event { true } else { false }
        }
    }
}
