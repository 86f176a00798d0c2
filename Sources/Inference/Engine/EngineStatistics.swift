import Scheduling

/// What an engine holds, and what it counted since it was made or its caches were cleared.
public struct EngineStatistics: Sendable, Hashable {
    /// Requests that hold no blocks of the cache: their pictures are being encoded, or they wait for room.
    public var waiting: Int
    /// Requests that hold blocks.
    public var running: Int
    /// Blocks that running requests hold.
    public var usedBlocks: Int
    /// Blocks nobody holds that a prompt with the same beginning can still take.
    public var cachedBlocks: Int
    /// All blocks.
    public var blockCount: Int
    /// How often a request's blocks were taken back, to be computed anew.
    public var preemptions: Int
    /// Tokens that were not computed because their blocks were found.
    public var prefixHitTokens: Int
    /// Bytes of picture embeddings kept for later requests.
    public var imageCacheBytes: Int
}

extension Engine {
    var statistics: EngineStatistics {
        let counts = scheduler.statistics
        return EngineStatistics(
            waiting: requests.count - counts.running, running: counts.running, usedBlocks: counts.usedBlocks,
            cachedBlocks: counts.cachedBlocks, blockCount: counts.blockCount, preemptions: counts.preemptions,
            prefixHitTokens: counts.prefixHitTokens, imageCacheBytes: imageCache.byteCount)
    }
}
