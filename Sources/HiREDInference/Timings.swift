public import VisionEncoding

/// What a request took, in milliseconds.
public struct Timings: Sendable, Equatable {
    /// Its pictures, until they are embedded.
    public var images = ImageTimings()
    public var prefill = 0.0
    /// From the request's start to its first token.
    public var timeToFirstToken = 0.0
    /// From the first token to the last.
    public var decode = 0.0
    public var total = 0.0

    public init() {}
}
