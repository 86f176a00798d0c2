/// What pictures took, in milliseconds.
public struct ImageTimings: Sendable, Equatable {
    public var decode = 0.0
    public var preprocess = 0.0
    public var vision = 0.0
    /// How alike tokens are, for strategies that ask for it.
    public var compare = 0.0
    public var select = 0.0
    public var project = 0.0

    public init() {}

    package mutating func measure<Result>(
        _ part: WritableKeyPath<ImageTimings, Double>, _ body: () throws -> Result
    ) rethrows -> Result {
        let start = ContinuousClock.now
        defer { self[keyPath: part] += (ContinuousClock.now - start) / .milliseconds(1) }
        return try body()
    }

    /// Of several pictures together.
    package static func += (left: inout ImageTimings, right: ImageTimings) {
        left.decode += right.decode
        left.preprocess += right.preprocess
        left.vision += right.vision
        left.compare += right.compare
        left.select += right.select
        left.project += right.project
    }
}
