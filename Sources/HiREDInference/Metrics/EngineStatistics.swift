public import Failures

/// What an engine holds at a moment, and what it counted since it was made. Published after each step; reading it never
/// waits for the model.
public struct EngineStatistics: Sendable, Hashable {
    // What is held now.

    /// Requests being prepared, or waiting for vision or for blocks.
    public var waiting = 0
    /// Requests that hold blocks.
    public var running = 0
    /// Blocks that running requests hold.
    public var usedBlocks = 0
    /// Blocks nobody holds that a prompt with the same beginning can still take.
    public var cachedBlocks = 0
    /// All blocks.
    public var blockCount = 0
    /// Bytes of picture embeddings kept for later requests.
    public var imageCacheBytes = 0
    /// Bytes of picture embeddings that requests hold.
    public var heldEmbeddingBytes = 0
    /// Bytes of views that wait to be encoded.
    public var viewBytes = 0
    /// Tokens of prompts and answers that were promised to requests.
    public var promisedTokens = 0
    /// How the next step of running answers is cut; nil while none runs.
    public var stepPlan: StepPlan?

    /// The servers of a language model that is served elsewhere; none where it is computed here.
    public var upstreams: [UpstreamStatistics] = []

    // What was counted. A cleared cache does not change it.

    /// Requests by how they ended: `stop`, `length`, `cancelled`, or the kind of failure.
    public var ended: [String: Int] = [:]
    /// Requests that were turned away, by kind.
    public var refused: [FailureKind: Int] = [:]
    /// Prompt tokens of requests whose prompt was read, those that were found in the cache included.
    public var promptTokens = 0
    public var generatedTokens = 0
    /// Image tokens without dropping, of all pictures that were selected from.
    public var imageTokensFull = 0
    /// Image tokens that reached the language model.
    public var imageTokensKept = 0
    /// Views that the tower encoded.
    public var views = 0
    /// Pictures whose embeddings were found.
    public var imageCacheHits = 0
    /// How often a request's blocks were taken back, to be computed anew.
    public var preemptions = 0
    /// Tokens that were not computed because their blocks were found.
    public var prefixHitTokens = 0
    /// Steps that failed and were retried entry by entry.
    public var failedSteps = 0

    // Spreads.

    /// Seconds from a request's start to the first step that computes it.
    public var queueSeconds = Histogram.decades(-3...2)
    /// Seconds from a request's start to its first token.
    public var secondsToFirstToken = Histogram.decades(-3...2)
    /// Seconds between two tokens of an answer.
    public var secondsBetweenTokens = Histogram.decades(-3...1)
    /// Views a second, of each call of the tower.
    public var viewsPerSecond = Histogram.decades(-1...3)
    /// Prompt tokens a second, of each step without answers.
    public var prefillTokensPerSecond = Histogram.decades(0...4)
}
