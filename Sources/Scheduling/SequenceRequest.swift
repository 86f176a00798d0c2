/// The caller's name for a sequence, unique among those that have not ended.
public typealias SequenceID = UInt64

/// A prompt to be continued.
public struct SequenceRequest: Hashable, Sendable {
    public var id: SequenceID
    /// Tokens of the prompt, images included; at least 1.
    public var promptLength: Int
    /// Most tokens to generate; at least 1.
    public var maximumNewTokens: Int
    /// Keys of the prompt's full blocks from the first on. Fewer are allowed: the blocks after them are not looked up.
    public var promptKeys: [BlockKey]

    public init(id: SequenceID, promptLength: Int, maximumNewTokens: Int, promptKeys: [BlockKey] = []) {
        self.id = id
        self.promptLength = promptLength
        self.maximumNewTokens = maximumNewTokens
        self.promptKeys = promptKeys
    }
}

/// Whether a sequence was taken in.
public enum Admission: Hashable, Sendable {
    /// It will run, and end in a bounded number of steps.
    case accepted
    case rejected(Rejection)
}

/// Why a sequence was not taken in.
public enum Rejection: Error, Hashable, Sendable {
    /// As many requests as may wait are waiting already.
    case queueFull(limit: Int)
    /// Prompt and new tokens together need more blocks than the pool has. `maximumPromptTokens` is the longest prompt
    /// that fits with that many new tokens; 0 when none does.
    case neverFits(neededBlocks: Int, availableBlocks: Int, maximumPromptTokens: Int)
    /// The prompt or the number of new tokens is less than 1.
    case emptyRequest
    /// A sequence of this name has not ended yet.
    case duplicate(SequenceID)
    /// No sequence has this name: it ended, or never was.
    case unknown(SequenceID)
}
