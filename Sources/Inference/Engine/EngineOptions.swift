/// The limits of an engine that answers many requests at once.
public struct EngineOptions: Sendable, Equatable {
    /// Storage of keys and values.
    public enum CachePrecision: String, Sendable, CaseIterable {
        /// The runtime's choice: 8 bits on x86.
        case auto
        case u8, f16, f32
    }

    /// Bytes for keys and values; half of what is free when the model is loaded unless given.
    public var cacheBytes: Int?
    public var cachePrecision = CachePrecision.auto
    /// Most sequences that run at once.
    public var maximumSequences = 64
    /// Most requests that are held beyond `maximumSequences`, waiting for their turn or for memory; a further one is
    /// refused.
    public var maximumWaiting = 256
    /// Most tokens computed in one step.
    public var maximumStepTokens = 2048
    /// The same while answers are running: their next tokens wait for the step.
    public var interactiveStepTokens = 160
    /// Keeps blocks of earlier prompts so that the same beginning is not computed twice.
    public var reusesPrefixes = true
    /// Bytes of picture embeddings kept for the next question about the same picture.
    public var imageCacheBytes = 512 << 20
    /// Under load, a request's image tokens may be lowered to this many rather than let it wait for blocks; nil never
    /// lowers.
    public var loadBudgetFloor: Int?

    public init() {}
}
