/// How the next step of running answers is cut.
public struct StepPlan: Sendable, Hashable {
    /// Rows of the step: one for each running answer, the rest for prompts.
    public var rows: Int
    public var predictedMilliseconds: Double
    public var targetMilliseconds: Double
    /// Rows a second that prompts get, as a share of what steps of one block of 64 would give them: 1 where nothing is
    /// lost.
    public var prefillShare: Double
}

/// Sizes steps by time: while answers run, a step is as large as keeps the time between tokens under a target.
///
/// The runtime's matrix products cost by blocks of 64 rows, and below 64 nearly by the row: so sizes above one block are
/// multiples of 64. Where a block misses the target, a smaller step is taken if it does not lose more than half of the
/// rate at which prompts are read: below that, every other request would pay more than the running answers gain.
struct StepPacer: Sendable {
    static let block = 64
    /// The least share of a block's prefill rate that is traded for time between tokens.
    static let leastShare = 0.5
    /// Sizes below a block that are weighed.
    private static let small = [8, 16, 24, 32, 40, 48, 56]

    private let target: Double
    private let largest: Int
    /// Milliseconds of a step by rows, from a cost model; until there is one, from steps that ran.
    private var cost: CostModel?
    private var learned = LearnedSteps()
    /// How much longer steps take than the cost model says.
    private var factor = 1.0

    init(targetMilliseconds: Double, largest: Int) {
        target = targetMilliseconds
        self.largest = largest
    }

    mutating func use(_ cost: CostModel?) {
        guard cost != self.cost else { return }
        self.cost = cost
        factor = 1
        learned = LearnedSteps()
    }

    /// Learns from a step that ran.
    mutating func record(rows: Int, past: Int, milliseconds: Double) {
        learned.record(rows: rows, milliseconds: milliseconds)
        guard let expected = cost?.stepMilliseconds(rows: rows, past: past), expected > 0 else { return }
        // A machine's speed wanders; one odd step must not decide.
        factor += 0.2 * (min(max(milliseconds / expected, 0.25), 8) - factor)
    }

    /// What steps of this size took, if any ran; else what the cost model says, on a machine as fast as it is now.
    private func milliseconds(rows: Int, past: Int) -> Double? {
        guard let cost else { return learned.milliseconds(rows: rows) }
        return learned.seen(rows: rows) ?? factor * cost.stepMilliseconds(rows: rows, past: past)
    }

    /// The rows of a step in which `decoding` answers get a token each.
    ///
    /// - Parameter past: positions behind which the prompt's rows lie.
    func plan(decoding: Int, past: Int) -> StepPlan {
        func plan(_ rows: Int, _ time: Double, _ share: Double) -> StepPlan {
            StepPlan(
                rows: rows, predictedMilliseconds: time, targetMilliseconds: target, prefillShare: share)
        }
        // As few blocks as leave room for a prompt.
        let first = (decoding / Self.block + 1) * Self.block
        guard first <= largest else { return plan(largest, milliseconds(rows: largest, past: past) ?? 0, 1) }
        guard let firstTime = milliseconds(rows: first, past: past) else { return plan(first, 0, 1) }
        let fullRate = Double(first - decoding) / firstTime
        if firstTime <= target {
            var (rows, time) = (first, firstTime)
            while rows + Self.block <= largest, let next = milliseconds(rows: rows + Self.block, past: past),
                next <= target
            {
                (rows, time) = (rows + Self.block, next)
            }
            return plan(rows, time, 1)
        }
        var best = plan(first, firstTime, 1)
        // From the largest on: the first that meets the target is taken, unless it reads prompts too slowly.
        for rows in Self.small.reversed() where rows > decoding && rows < first {
            guard let time = milliseconds(rows: rows, past: past) else { continue }
            let share = Double(rows - decoding) / time / fullRate
            guard share >= Self.leastShare else { break }
            best = plan(rows, time, share)
            if time <= target { break }
        }
        return best
    }
}

/// Milliseconds of steps by size, as far as they were seen: few sizes, the latest times counting most.
private struct LearnedSteps: Sendable {
    private var times: [Int: Double] = [:]

    mutating func record(rows: Int, milliseconds: Double) {
        let size = Self.bucket(rows)
        times[size] = times[size].map { $0 + 0.3 * (milliseconds - $0) } ?? milliseconds
    }

    /// Whole blocks above one block, eights below.
    private static func bucket(_ rows: Int) -> Int {
        let grain = rows > StepPacer.block ? StepPacer.block : 8
        return (rows + grain - 1) / grain * grain
    }

    /// Of this very size.
    func seen(rows: Int) -> Double? { times[Self.bucket(rows)] }

    /// Between two sizes that were seen, or in proportion to the nearest one; nil before anything was.
    func milliseconds(rows: Int) -> Double? {
        let size = Self.bucket(rows)
        if let known = times[size] { return known }
        let below = times.keys.filter { $0 < size }.max()
        let above = times.keys.filter { $0 > size }.min()
        switch (below.map { ($0, times[$0] ?? 0) }, above.map { ($0, times[$0] ?? 0) }) {
        case (let low?, let high?):
            return low.1 + (high.1 - low.1) * Double(size - low.0) / Double(high.0 - low.0)
        case (let low?, nil): return low.1 * Double(size) / Double(low.0)
        case (nil, let high?): return high.1
        case (nil, nil): return nil
        }
    }
}
