import Crypto
import Foundation
import Synchronization
import VisionEncoding

/// A language model elsewhere, behind the engine: prompts go out as rows, tokens come back.
///
/// At most `concurrency` requests are out at once; further ones wait here, in the order of arrival, and beyond a few of
/// those no more pictures are encoded.
final class RemoteBackend: LanguageBackend {
    let remote: any RemoteLanguageModel
    private let embedder: TextEmbedder
    private let width: Int
    private let mail: EngineMail
    private var queue: [Waiting] = []
    private var running: [UInt64: Task<Void, Never>] = [:]
    private var answers: [UInt64: Int] = [:]
    /// Answers of running requests of which no end was heard.
    private var openAnswers: [UInt64: Int] = [:]
    private var cachedTokens = 0

    private struct Waiting {
        var id: UInt64
        var content: PromptContent
        var maximumTokens: Int
    }

    /// - Parameters:
    ///   - width: of an embedding.
    ///   - mail: reaches the engine that owns this.
    init(_ remote: any RemoteLanguageModel, embedder: TextEmbedder, width: Int, mail: EngineMail) {
        self.remote = remote
        self.embedder = embedder
        self.width = width
        self.mail = mail
    }

    let sharesProcessor = false
    var waiting: Int { queue.count }
    var isIdle: Bool { queue.isEmpty && running.isEmpty }
    /// Nothing is known of the blocks over there; vLLM's are of 16 tokens.
    let blockSize = 16
    let bytesPerBlock = 0

    /// Prompts are sent from other threads: nothing here takes long.
    func makeStop() -> (@Sendable () -> Void)? { nil }

    var gauges: LanguageGauges {
        var gauges = LanguageGauges()
        gauges.running = answers.values.reduce(0, +)
        gauges.requests = running.count
        gauges.prefixHitTokens = cachedTokens
        return gauges
    }

    func begin(_ engine: Engine, _ id: UInt64, _ content: PromptContent, maximumTokens: Int) throws {
        guard let place = engine.place(of: id) else { return }
        let request = engine.requests[place].request
        engine.requests[place].sequences = [
            engine.sequence(0, content, of: request, prompt: engine.requests[place].ids, maximumTokens)
        ]
        queue.append(Waiting(id: id, content: content, maximumTokens: maximumTokens))
    }

    func end(_ entry: EngineRequest) {
        queue.removeAll { $0.id == entry.id }
        let task = running.removeValue(forKey: entry.id)
        // One that has said everything needs no breaking off: its connection serves the next.
        if openAnswers.removeValue(forKey: entry.id) != 0 { task?.cancel() }
        answers[entry.id] = nil
    }

    /// Sends what has a place.
    ///
    /// - Returns: whether anything was sent, so that further pictures may be encoded.
    func turn(_ engine: Engine, afterVision: Bool) -> Bool {
        let before = queue.count
        while running.count < max(remote.concurrency, 1), !queue.isEmpty {
            let next = queue.removeFirst()
            guard let place = engine.place(of: next.id) else { continue }
            do { try send(next, of: engine.requests[place], engine) } catch { engine.fail(next.id, error) }
        }
        return queue.count < before
    }

    private func send(_ next: Waiting, of entry: EngineRequest, _ engine: Engine) throws {
        let request = entry.request
        let prompt = RemotePrompt(
            rows: try rows(of: next.content), width: width, sampling: request.sampling,
            answerCount: request.answerCount, maximumTokens: max(next.maximumTokens, 1),
            endTokens: request.ignoresEndOfSequence ? [] : engine.limits.endTokens.sorted(),
            affinity: entry.images.first.map { Self.affinity($0.key) }, reusesCaches: request.reusesCaches)
        let (remote, mail, id) = (remote, mail, next.id)
        answers[id] = request.answerCount
        openAnswers[id] = request.answerCount
        running[id] = Task.detached {
            do {
                try await remote.answer(prompt) { event in mail.post { $0.receive(event, for: id) } }
                mail.post { $0.noteRemoteEnd(of: id) }
            } catch {
                mail.post { $0.fail(id, error) }
            }
        }
        engine.noteSending(next.id)
    }

    /// The prompt's embeddings, [tokens, width].
    private func rows(of content: PromptContent) throws -> [Float] {
        try [Float](unsafeUninitializedCapacity: content.promptLength * width) { buffer, count in
            let rows = UnsafeMutableBufferPointer(rebasing: buffer[..<(content.promptLength * width)])
            content.write(0..<content.promptLength, into: rows, at: 0, width: width, embedder: embedder)
            try embedder.flush(into: rows)
            count = rows.count
        }
    }

    /// A picture's number: the same picture under the same options is best answered where it was before.
    private static func affinity(_ key: SHA256.Digest) -> UInt64 {
        key.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }

    func note(cached tokens: Int) { cachedTokens += tokens }

    /// The remote has said all of an answer.
    func noteEnd(ofAnswerOf id: UInt64) { openAnswers[id]? -= 1 }

    /// What is waiting here waits for a place and not for blocks: with none free, a request is given its least.
    func freeBlocks(_ engine: Engine, before place: Int) -> Int {
        running.count + queue.count < max(remote.concurrency, 1) ? Int(Int32.max) : 0
    }

    /// What lies elsewhere is not ours to forget.
    func clear() {}

    func warmUpPlan(_ engine: Engine) -> WarmUpPlan {
        // Nothing is known of what lies there already: prompts are measured from their start.
        var plan = WarmUpPlan(
            stepTokens: engine.options.maximumStepTokens, capacity: engine.limits.context,
            tokensPerView: engine.pipeline.reader.tokensPerView)
        plan.prefills.removeAll { $0.past > 0 }
        if engine.limits.context > 1100 { plan.prefills.append(.init(tokens: 1024)) }
        return plan
    }

    func prefill(_ engine: Engine, _ count: Int, past: Int) throws { try ask(engine, promptTokens: count, answer: 1) }

    func decode(_ engine: Engine, steps: Int) throws { try ask(engine, promptTokens: 16, answer: steps) }

    /// Sends a prompt of random tokens, which nobody has read before, and waits for its answer. For warm-ups alone, in
    /// which the engine stands still anyway.
    private func ask(_ engine: Engine, promptTokens: Int, answer: Int) throws {
        let words = Int32(clamping: engine.limits.vocabulary)
        let ids = (0..<promptTokens).map { _ in Int32.random(in: 0..<max(words, 1)) }
        let prompt = RemotePrompt(
            rows: try rows(of: PromptContent(ids, imageToken: -1, images: [])), width: width, maximumTokens: answer,
            reusesCaches: false)
        let (remote, done, outcome) = (remote, DispatchSemaphore(value: 0), Outcome())
        Task.detached {
            do { try await remote.answer(prompt) { _ in } } catch { outcome.error.withLock { $0 = error } }
            done.signal()
        }
        done.wait()
        if let error = outcome.error.withLock({ $0 }) { throw error }
    }

    private final class Outcome: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }
}

/// Reaches an engine's thread from elsewhere. Holds the worker weakly: it owns the engine, which owns the backend.
final class EngineMail: Sendable {
    private struct Address { weak var worker: EngineWorker? }

    private let address = Mutex(Address())

    func connect(to worker: EngineWorker) { address.withLock { $0.worker = worker } }

    func post(_ job: @escaping EngineWorker.Job) { address.withLock { $0.worker }?.post(job) }
}
