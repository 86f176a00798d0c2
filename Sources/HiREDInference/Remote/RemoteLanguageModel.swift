/// A language model that another program serves, and that reads prompts as embeddings.
package protocol RemoteLanguageModel: Sendable {
    /// Tokens of prompt and answer together that it reads.
    var context: Int { get }
    /// Requests that it is given at once; further ones wait here.
    var concurrency: Int { get }
    /// Tells it from others, for what was measured of it.
    var identity: String { get }
    /// Nil while requests are taken; else why none is.
    var unavailability: RemoteLanguageError? { get }
    var statistics: [UpstreamStatistics] { get }

    /// Answers a prompt. Returns when every answer has ended; cancelled with the task, and so is the work elsewhere.
    ///
    /// - Parameter receive: called with what comes, in order, from any thread.
    /// - Throws: `RemoteLanguageError`, `CancellationError`.
    func answer(_ prompt: RemotePrompt, receive: @escaping @Sendable (RemoteEvent) -> Void) async throws
}

/// A prompt as a language model elsewhere is given it.
package struct RemotePrompt: Sendable {
    /// [tokens, width], row-major.
    package var rows: [Float]
    package var width: Int
    package var sampling: SamplingOptions
    package var answerCount: Int
    /// Of each answer.
    package var maximumTokens: Int
    /// Tokens that end an answer; empty where it is to go on past them.
    package var endTokens: [Int32]
    /// Prompts with the same number begin alike; nil where nothing is known of that.
    package var affinity: UInt64?
    /// Whether it may start from what earlier prompts left.
    package var reusesCaches: Bool

    package init(
        rows: [Float], width: Int, sampling: SamplingOptions = .greedy, answerCount: Int = 1, maximumTokens: Int,
        endTokens: [Int32] = [], affinity: UInt64? = nil, reusesCaches: Bool = true
    ) {
        self.rows = rows
        self.width = width
        self.sampling = sampling
        self.answerCount = answerCount
        self.maximumTokens = maximumTokens
        self.endTokens = endTokens
        self.affinity = affinity
        self.reusesCaches = reusesCaches
    }

    package var tokenCount: Int { rows.count / max(width, 1) }
}

/// What a language model elsewhere says of a prompt.
package enum RemoteEvent: Sendable, Equatable {
    /// The prompt's last byte was sent. Comes again when a prompt had to be sent again.
    case sent
    /// The next tokens of an answer.
    case tokens(answer: Int, [Token], end: End?)
    /// Prompt tokens that it found computed already.
    case cached(tokens: Int)

    package struct Token: Sendable, Equatable {
        package var id: Int32
        package var logprobs: TokenLogprobs?

        package init(id: Int32, logprobs: TokenLogprobs? = nil) {
            self.id = id
            self.logprobs = logprobs
        }
    }

    package enum End: Sendable, Equatable { case stop, length }
}

/// One of the servers of a language model.
public struct UpstreamStatistics: Sendable, Hashable {
    /// Its address, without what is secret in it.
    public var url: String
    public var isAvailable: Bool
    /// Requests that it works on.
    public var outstanding: Int
    /// Requests that it was given.
    public var requests: Int
    /// Those that failed there, by a fault that was not the request's.
    public var failures: Int
    /// Those that were tried again, here or elsewhere.
    public var retries: Int

    package init(
        url: String, isAvailable: Bool, outstanding: Int = 0, requests: Int = 0, failures: Int = 0, retries: Int = 0
    ) {
        self.url = url
        self.isAvailable = isAvailable
        self.outstanding = outstanding
        self.requests = requests
        self.failures = failures
        self.retries = retries
    }
}
