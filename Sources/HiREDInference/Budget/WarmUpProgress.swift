/// How far a warm-up has come.
public struct WarmUpProgress: Sendable, Equatable {
    public enum Shape: Sendable, Equatable {
        case views(Int)
        case projection(tokens: Int)
        case prefill(tokens: Int)
        case decode
    }

    /// What runs next.
    public var shape: Shape
    /// Shapes that have run.
    public var done: Int
    public var total: Int
}

/// The shapes of a warm-up: those that every question has, and enough of them to fit a cost model to.
struct WarmUpPlan: Equatable {
    struct Prefill: Equatable {
        var tokens: Int
        var past = 0
    }

    var views: [Int]
    var projections: [Int]
    var prefills: [Prefill]

    /// - Parameters:
    ///   - stepTokens: most tokens of one step.
    ///   - capacity: positions that the context and the cache hold.
    init(stepTokens: Int, capacity: Int, tokensPerView: Int) {
        views = [1, 2]
        projections = [max(tokensPerView / 4, 1), tokensPerView]
        let longest = max(min(stepTokens, capacity - 1), 1)
        // One row is a decoding step; up to 64 rows cost by the row, more by blocks of 64.
        prefills = Set([1, 16, 32, 64, 128, 512].map { min($0, longest) }).sorted().map { Prefill(tokens: $0) }
        // Few tokens after many show what attention costs where a long prompt would take seconds.
        let past = min(stepTokens, capacity - 33)
        if past >= 512 { prefills.append(Prefill(tokens: 32, past: past)) }
    }

    /// Everything, with the decoding step at the end.
    var count: Int { views.count + projections.count + prefills.count + 1 }
}
