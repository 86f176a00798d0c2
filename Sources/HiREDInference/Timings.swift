public import VisionEncoding

/// What a request took, in milliseconds.
public struct Timings: Sendable, Equatable {
    /// Its pictures, until they are embedded.
    public var images = ImageTimings()
    /// What the language model took to read the prompt; where it is served elsewhere, from the prompt's last byte sent
    /// to the first token received.
    public var prefill = 0.0
    /// Sending the prompt to a language model that is served elsewhere, waiting for one that is free included; nil where
    /// it is computed here.
    public var upload: Double?
    /// From the request's start to its first token.
    public var timeToFirstToken = 0.0
    /// From the first token to the last.
    public var decode = 0.0
    public var total = 0.0

    public init() {}
}
