import Crypto
import Foundation
import HiRED
import Scheduling
import Tokenization
import VisionEncoding

/// One request inside the engine: first its pictures, then the sequences of its answers.
struct EngineRequest {
    let id: UInt64
    let request: GenerationRequest
    let purpose: PreparedRequest.Purpose
    let ids: [Int32]
    let channel: RequestChannel
    var timings = Timings()
    var images: [Image]
    /// The answers' sequences: the first one alone until the prompt is read, then one for each answer.
    var sequences: [Sequence] = []
    let budgetChoice: BudgetChoice?
    /// A step has computed something of it.
    var hasBegun = false
    /// When its prompt was given to a language model elsewhere.
    var sentAt: ContinuousClock.Instant?
    /// The text and image tokens of its prompt, once its pictures are embedded.
    var promptTokens = 0

    init(_ prepared: PreparedRequest) throws {
        id = prepared.channel.id
        request = prepared.request
        purpose = prepared.purpose
        ids = prepared.ids
        channel = prepared.channel
        timings.images = prepared.timings
        budgetChoice = prepared.budgetChoice
        images = try prepared.images.map { image in
            Image(
                job: try image.result == nil
                    ? image.views.map { try ImageJob($0.partitions, digest: image.digest, options: image.options) }
                    : nil,
                key: image.key, result: image.result, digest: image.digest, views: image.views)
        }
    }

    /// A picture that is worked on, or done.
    struct Image {
        var job: ImageJob?
        var key: SHA256.Digest
        var result: ImagePipeline.Result?
        /// Of the picture itself.
        var digest: SHA256.Digest
        /// Kept until the picture is done, so that others who bring the same one find it.
        var views: KnownImages.Views?
        /// The tokens that were asked for, where load lowered the budget.
        var loweredFrom: Int?
        /// Its selection has been told.
        var isTold = false
    }

    /// One answer, once all pictures are embedded.
    struct Sequence {
        /// Which of the answers.
        var answer: Int
        var content: PromptContent
        var sampler: Sampler
        var detokenizer: StreamingDetokenizer
        var maximumTokens: Int
        var result = GenerationResult.Answer()
        var decodeStart: ContinuousClock.Instant?
        var lastToken: ContinuousClock.Instant?
        var reusedTokens: Int?
        var blockCount = 0
        var isEnded = false
    }

    /// The scheduler's name for the sequence of an answer.
    static func sequenceID(_ request: UInt64, answer: Int) -> SequenceID { request << 8 | UInt64(answer) }

    /// The request and the answer that a sequence belongs to.
    static func names(of id: SequenceID) -> (request: UInt64, answer: Int) { (id >> 8, Int(id & 0xFF)) }

    func sequenceID(_ answer: Int) -> SequenceID { Self.sequenceID(id, answer: answer) }

    /// The first answer's.
    var sequence: Sequence? { sequences.first }

    /// Whether some answer has begun and goes on.
    var isAnswering: Bool { sequences.contains { $0.decodeStart != nil && !$0.isEnded } }

    /// Whether its prompt is in the scheduler and not all computed.
    var isReading: Bool { sequences.first.map { $0.decodeStart == nil } ?? false }

    /// Tokens asked for over all pictures, where load lowered any of them.
    var loweredFrom: Int? {
        guard images.contains(where: { $0.loweredFrom != nil }) else { return nil }
        return images.reduce(0) { $0 + ($1.loweredFrom ?? $1.result?.tokens.kept ?? 0) }
    }

    var elapsed: Double { channel.elapsed }

    /// The first picture that has views to encode.
    var openImage: Int? { images.firstIndex { $0.result == nil } }

    /// Bytes of embeddings that it holds.
    var embeddingBytes: Int { images.reduce(0) { $0 + ($1.result?.embeddings.byteCount ?? 0) } }
}

extension EngineRequest.Sequence {
    /// Adds a token to the answer and finds out what text it makes certain, and whether the answer ends.
    ///
    /// - Parameter isLast: there is room for no more.
    mutating func accept(_ drawn: SampledToken, ends: Set<Int32>, isLast: Bool = false) -> GeneratedToken {
        let now = ContinuousClock.now
        if decodeStart == nil { decodeStart = now }
        lastToken = now
        content.append(drawn.id)
        result.tokens.append(drawn.id)
        if let logprobs = drawn.logprobs { result.logprobs?.append(logprobs) }
        var token = GeneratedToken(answer: answer, id: drawn.id, text: "", logprobs: drawn.logprobs)
        if ends.contains(drawn.id) {
            token.finishReason = .stop
        } else {
            token.text = detokenizer.append(drawn.id)
            let isLong = isLast || result.tokens.count >= maximumTokens
            if detokenizer.isStopped || isLong { token.finishReason = detokenizer.isStopped ? .stop : .length }
        }
        if let reason = token.finishReason {
            // What was held back because it might have gone on; a stop string may still be in it.
            token.text += detokenizer.finish()
            let final = detokenizer.isStopped ? .stop : reason
            (token.finishReason, result.finishReason, isEnded) = (final, final, true)
        }
        result.text += token.text
        return token
    }
}
