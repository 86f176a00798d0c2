/// What makes a selection impossible. Each message ends with a remedy.
public enum HiREDError: Error, Equatable {
    case invalidBudget(String)
    case invalidAlpha(String)
    case invalidEmptyTileShare(String)
    case unknownStrategy(String)
    case unknownAllocation(String)
    case invalidLayout(String)
    /// A tap's values do not fit the layout, or are not finite.
    case invalidAttention(String)
    /// What a strategy chose does not fit the layout or the budget.
    case invalidSelection(String)
    /// Tokens cannot be dropped where the model takes the CLS token too.
    case classTokenKept
    /// Separators are asked for of a model that has none.
    case noSeparators
    /// The authors' released code cannot run on this input.
    case releasedCodeRefuses(String)
    /// A head that the vision transformer does not have.
    case invalidHead(Int, of: Int)
    case unknownPositions(String)
    /// A way of sharing a budget out that the strategy does not have.
    case allocationNotOffered(Allocation, strategy: StrategyName)
    /// An option that is set and would change nothing.
    case unusedOption(SelectionOption, strategy: StrategyName)
}

extension HiREDError {
    static let releasedCodeKnowsNoOtherCanvas = HiREDError.releasedCodeRefuses(
        "it knows LLaVA-NeXT's canvas of tiles alone")
}

/// Options of a selection that not every strategy has.
public enum SelectionOption: String, Sendable, Hashable {
    case budget, alpha, allocation, seed, keepsSeparators, positions, emptyTileShare, scoringLayer, rankingLayer, head
}

extension HiREDError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidBudget(let text):
            "budget '\(text)' is not understood; give a percentage above 0% and up to 100%, "
                + "a positive number of tokens, or full"
        case .invalidAlpha(let text):
            "alpha '\(text)' is out of range; give the full view's share of the budget, from 0 to 1"
        case .invalidEmptyTileShare(let text):
            "the share '\(text)' of empty tiles is out of range; give a fraction of an even share, from 0 to 1"
        case .unknownStrategy(let name):
            "unknown strategy '\(name)'; give one of "
                + StrategyName.allCases.map(\.rawValue).joined(separator: ", ")
        case .unknownAllocation(let name):
            "unknown allocation '\(name)'; give one of " + Allocation.allCases.map(\.rawValue).joined(separator: ", ")
        case .unknownPositions(let name):
            "unknown positions '\(name)'; give one of "
                + TokenPositions.allCases.map(\.rawValue).joined(separator: ", ")
        case .invalidLayout(let reason): "invalid partition layout: \(reason)"
        case .invalidAttention(let reason): "invalid attention: \(reason)"
        case .invalidSelection(let reason):
            "the strategy's choice cannot be used: \(reason); mend the strategy, or use another"
        case .classTokenKept:
            "no strategy drops tokens of a model that takes the CLS token beside the patches "
                + "(vision_feature_select_strategy full, mm_vision_select_feature cls_patch); give the budget full"
        case .noSeparators: "the model puts no separators between rows of tokens; leave keepsSeparators out"
        case .invalidHead(let head, let count):
            "there is no head \(head); give one from 0 to \(count - 1)"
        case .allocationNotOffered(let allocation, let strategy):
            "the strategy \(strategy.rawValue) does not share its budget out as '\(allocation.rawValue)'; give one of "
                + strategy.allocations.map(\.rawValue).joined(separator: ", ")
        case .unusedOption(let option, let strategy):
            "\(option.rawValue) changes nothing with the strategy \(strategy.rawValue); leave it out"
        case .releasedCodeRefuses(let reason):
            "the authors' released code cannot do this: \(reason); use the allocation 'paper'"
        }
    }
}
