/// The limits of an engine that answers many requests at once.
public struct EngineOptions: Sendable, Equatable {
    /// Bytes for keys and values; half of what is free when the model is loaded unless given.
    public var cacheBytes: Int?
    /// Most sequences that run at once.
    public var maximumSequences = 64
    /// Most requests that are held beyond `maximumSequences`, waiting for their turn or for memory; a further one is
    /// refused.
    public var maximumWaiting = 256
    /// Most tokens computed in one step. Larger ones read prompts no faster.
    public var maximumStepTokens = 512
    /// While answers run, prompts are read in steps that keep the time between two tokens under so many milliseconds,
    /// as far as that costs them no more than half of their speed.
    public var millisecondsBetweenTokens = 250.0
    /// Keeps blocks of earlier prompts so that the same beginning is not computed twice.
    public var reusesPrefixes = true
    /// Bytes of picture embeddings kept for the next question about the same picture; as many may be held by requests
    /// before further pictures wait.
    public var imageCacheBytes = 512 << 20
    /// Bytes that waiting requests may hold of pictures that are not decoded yet.
    public var maximumEncodedBytes = 1 << 30
    /// Bytes that waiting requests may hold of views, about 1.7 MB for a picture of LLaVA-NeXT's.
    public var maximumViewBytes = 1 << 30
    /// Requests that are prepared at once, on threads beside the model's.
    public var preparationThreads = 2
    /// Under load, a request's image tokens may be lowered to this many rather than let it wait for blocks; nil never
    /// lowers.
    public var loadBudgetFloor: Int?

    public init() {}
}
