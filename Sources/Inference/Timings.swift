/// What a request took, in milliseconds.
public struct Timings: Sendable, Equatable {
    public var decodeImage = 0.0
    public var preprocess = 0.0
    public var vision = 0.0
    public var select = 0.0
    public var project = 0.0
    public var prefill = 0.0
    /// From the request's start to its first token.
    public var timeToFirstToken = 0.0
    /// From the first token to the last.
    public var decode = 0.0
    public var total = 0.0

    public init() {}

    mutating func measure<Result>(_ part: WritableKeyPath<Timings, Double>, _ body: () throws -> Result) rethrows
        -> Result
    {
        let start = ContinuousClock.now
        defer { self[keyPath: part] += (ContinuousClock.now - start) / .milliseconds(1) }
        return try body()
    }
}
