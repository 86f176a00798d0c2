import Scheduling

/// Which shapes the parts of the runtime's graph may be left with.
///
/// The CPU plugin of OpenVINO 2026.4 infers the shapes of a part only when its inputs' shapes differ from those that it
/// last ran with. A step that breaks off, because it was cancelled or failed, leaves parts that know the new shapes but
/// remember the old ones: the next step of the old shapes then fails ("Eltwise shape infer input shapes dim index
/// mismatch"), or reads rows that are not there. A whole step whose every number is another mends that.
struct StepShapes {
    /// Of the last whole step.
    private var whole: Set<Int> = []
    /// Of steps that broke off since.
    private var broken: Set<Int> = []

    /// Whether a step broke off and none of another shape has run since.
    var areMixed: Bool { !broken.isEmpty }

    mutating func noteWhole(_ step: Step) { (whole, broken) = (Self.numbers(of: step), []) }
    mutating func noteBroken(_ step: Step) { broken.formUnion(Self.numbers(of: step)) }

    /// How many sequences of one token make a step of which no input has a size that was left behind.
    var unusedCount: Int {
        let left = whole.union(broken)
        var count = 1
        while left.contains(count) || left.contains(count + 1) { count += 1 }
        return count
    }

    /// The sizes of a step's inputs.
    private static func numbers(of step: Step) -> Set<Int> {
        [
            step.tokenCount, max(step.sampledCount, 1), step.entries.count, step.entries.count + 1,
            step.entries.reduce(0) { $0 + $1.blockTable.count },
        ]
    }
}
