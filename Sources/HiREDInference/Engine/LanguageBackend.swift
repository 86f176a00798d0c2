import Scheduling

/// Where answers are computed once the pictures of their prompts are embedded: in this process, or by another program.
///
/// Lives on the engine's thread. What becomes of a request it tells the engine, which owns requests and their sequences.
protocol LanguageBackend: AnyObject {
    /// Whether it takes the processor from the vision tower: then both take turns.
    var sharesProcessor: Bool { get }
    /// Requests that have begun here and wait for room. Further pictures are not encoded before their turn.
    var waiting: Int { get }
    /// Whether it holds no request.
    var isIdle: Bool { get }
    /// Tokens of a block of keys and values.
    var blockSize: Int { get }
    /// Bytes that such a block takes in this process; 0 where it lies elsewhere.
    var bytesPerBlock: Int { get }
    var gauges: LanguageGauges { get }
    /// What stops a computation that nobody waits for; nil where nothing has to be stopped between turns.
    func makeStop() -> (@Sendable () -> Void)?

    /// Takes a request in whose pictures are embedded.
    ///
    /// - Parameters:
    ///   - content: the prompt.
    ///   - maximumTokens: of each answer.
    /// - Throws: `InferenceError`, for a request that preparation should not have let through.
    func begin(_ engine: Engine, _ id: UInt64, _ content: PromptContent, maximumTokens: Int) throws
    /// Lets go of a request that has ended, whole or not.
    func end(_ entry: EngineRequest)
    /// Computes for a moment.
    ///
    /// - Parameter afterVision: views were encoded since the last turn.
    /// - Returns: whether there is more to compute here.
    func turn(_ engine: Engine, afterVision: Bool) -> Bool
    /// Blocks that the request at a place of the queue could take now, with those before it served first.
    func freeBlocks(_ engine: Engine, before place: Int) -> Int
    /// Forgets what earlier requests left behind.
    func clear()

    /// How a warm-up measures it.
    func warmUpPlan(_ engine: Engine) -> WarmUpPlan
    /// Computes `count` tokens of a prompt behind `past` others and waits for it. For warm-ups.
    func prefill(_ engine: Engine, _ count: Int, past: Int) throws
    /// Computes a few steps of an answer. For warm-ups.
    func decode(_ engine: Engine, steps: Int) throws
}

/// What a backend holds at a moment, and has counted.
struct LanguageGauges {
    /// Sequences that are computed.
    var running = 0
    /// Requests that these belong to.
    var requests = 0
    var usedBlocks = 0
    var cachedBlocks = 0
    var blockCount = 0
    var preemptions = 0
    var prefixHitTokens = 0
}
