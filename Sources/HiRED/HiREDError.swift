/// What makes a selection impossible. Each message ends with a remedy.
public enum HiREDError: Error, Equatable {
    case invalidBudget(String)
    case invalidAlpha(String)
    case unknownStrategy(String)
    case unknownAllocation(String)
    case invalidLayout(String)
    /// A tap's values do not fit the layout, or are not finite.
    case invalidAttention(String)
    /// The authors' released code cannot run on this input.
    case releasedCodeRefuses(String)
}

extension HiREDError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidBudget(let text):
            "budget '\(text)' is not understood; give a percentage above 0% and up to 100%, "
                + "a positive number of tokens, or full"
        case .invalidAlpha(let text):
            "alpha '\(text)' is out of range; give the full view's share of the budget, from 0 to 1"
        case .unknownStrategy(let name):
            "unknown strategy '\(name)'; give one of "
                + StrategyName.allCases.map(\.rawValue).joined(separator: ", ")
        case .unknownAllocation(let name):
            "unknown allocation '\(name)'; give one of " + Allocation.allCases.map(\.rawValue).joined(separator: ", ")
        case .invalidLayout(let reason): "invalid partition layout: \(reason)"
        case .invalidAttention(let reason): "invalid attention: \(reason)"
        case .releasedCodeRefuses(let reason):
            "the authors' released code cannot do this: \(reason); use the allocation 'paper'"
        }
    }
}
