import Crypto
import Foundation
import HiRED
import Scheduling
import Tokenization

/// One request inside the engine: first its pictures, then its sequence.
struct EngineRequest {
    let id: SequenceID
    let request: GenerationRequest
    let ids: [Int32]
    /// When it was asked for, which may be before the engine had time to take it.
    let start: ContinuousClock.Instant
    /// Receives events; called on the engine's thread.
    let emit: (GenerationEvent) -> Void
    /// Receives the end: an error, or nil after `.finished`.
    let finish: ((any Error)?) -> Void
    var timings = Timings()
    var images: [Image]
    var sequence: Sequence?
    /// What the automatic budget came to.
    var budgetChoice: BudgetChoice?

    /// A picture that is worked on, or done.
    struct Image {
        var job: ImageJob?
        var key: SHA256.Digest
        var result: ImagePipeline.Result?
        /// Of the picture itself.
        var digest: SHA256.Digest
        /// The tokens that were asked for, where load lowered the budget.
        var loweredFrom: Int?
    }

    /// What exists once all pictures are embedded.
    struct Sequence {
        var content: PromptContent
        var sampler: Sampler
        var detokenizer: StreamingDetokenizer
        var maximumTokens: Int
        var answer = ""
        var logprobs: [TokenLogprobs]?
        var reason = GenerationResult.FinishReason.length
        var decodeStart: ContinuousClock.Instant?
        var reusedTokens: Int?
        var blockCount = 0
    }

    /// Tokens asked for over all pictures, where load lowered any of them.
    var loweredFrom: Int? {
        guard images.contains(where: { $0.loweredFrom != nil }) else { return nil }
        return images.reduce(0) { $0 + ($1.loweredFrom ?? $1.result?.tokens.kept ?? 0) }
    }

    var elapsed: Double { (ContinuousClock.now - start) / .milliseconds(1) }

    /// The first picture that has views to encode.
    var openImage: Int? { images.firstIndex { $0.result == nil } }
}
