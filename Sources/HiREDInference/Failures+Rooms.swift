public import Failures
public import HiRED
public import Scheduling

// The rooms that import nothing do not know the protocol; their errors conform here.

extension HiREDError: Failure {
    public var kind: FailureKind {
        switch self {
        case .invalidBudget, .invalidAlpha, .invalidEmptyTileShare, .unknownStrategy, .unknownAllocation,
            .unknownPositions, .releasedCodeRefuses, .unusedOption, .classTokenKept, .allocationNotOffered,
            .invalidHead, .noSeparators:
            .invalidRequest
        case .invalidLayout, .invalidAttention, .invalidSelection: .internal
        }
    }

    public var subject: FailureSubject? {
        switch self {
        case .invalidBudget, .classTokenKept: .parameter(.budget)
        case .invalidAlpha: .parameter(.alpha)
        case .invalidEmptyTileShare: .parameter(.emptyTileShare)
        case .unknownStrategy: .parameter(.strategy)
        case .invalidHead: .parameter(.head)
        case .noSeparators: .parameter(.keepSeparators)
        case .unknownAllocation, .releasedCodeRefuses, .allocationNotOffered: .parameter(.allocation)
        case .unknownPositions: .parameter(.tokenPositions)
        case .unusedOption(let option, _): .parameter(Self.parameter(option))
        case .invalidLayout, .invalidAttention, .invalidSelection: nil
        }
    }

    private static func parameter(_ option: SelectionOption) -> Parameter {
        switch option {
        case .budget: .budget
        case .scoringLayer: .scoringLayer
        case .rankingLayer: .rankingLayer
        case .head: .head
        case .alpha: .alpha
        case .allocation: .allocation
        case .seed: .selectionSeed
        case .keepsSeparators: .keepSeparators
        case .positions: .tokenPositions
        case .emptyTileShare: .emptyTileShare
        }
    }

    public var problem: String {
        switch self {
        case .invalidBudget(let text): "'\(text)' is not understood"
        case .invalidAlpha(let text), .invalidEmptyTileShare(let text): "'\(text)' is out of range"
        case .unknownStrategy(let name), .unknownAllocation(let name), .unknownPositions(let name):
            "'\(name)' is unknown"
        case .invalidLayout(let reason): "invalid partition layout: \(reason)"
        case .invalidAttention(let reason): "invalid attention: \(reason)"
        case .invalidSelection(let reason): "the strategy's choice cannot be used: \(reason)"
        case .classTokenKept:
            "drops tokens, which no strategy does of a model that takes the CLS token beside the patches "
                + "(vision_feature_select_strategy full, mm_vision_select_feature cls_patch)"
        case .releasedCodeRefuses(let reason): "the authors' released code cannot do this: \(reason)"
        case .noSeparators: "this model puts no separators between rows of tokens"
        case .invalidHead(let head, _): "\(head) is not a head of the vision tower"
        case .allocationNotOffered(let allocation, let strategy):
            "'\(allocation.rawValue)' is not how the strategy \(strategy.rawValue) shares its budget out"
        case .unusedOption(_, let strategy): "changes nothing with the strategy \(strategy.rawValue)"
        }
    }

    public var remedy: Remedy? {
        switch self {
        case .invalidBudget:
            .give(.budget, "a percentage above 0% and up to 100%, a positive number of tokens, or full")
        case .invalidAlpha: .give(.alpha, "the full view's share of the budget, from 0 to 1")
        case .invalidEmptyTileShare: .give(.emptyTileShare, "a fraction of an even share, from 0 to 1")
        case .unknownStrategy:
            .give(.strategy, "one of " + StrategyName.allCases.map(\.rawValue).joined(separator: ", "))
        case .unknownAllocation:
            .give(.allocation, "one of " + Allocation.allCases.map(\.rawValue).joined(separator: ", "))
        case .unknownPositions:
            .give(.tokenPositions, "one of " + TokenPositions.allCases.map(\.rawValue).joined(separator: ", "))
        case .invalidHead(_, let count): .give(.head, "a number from 0 to \(count - 1)")
        case .allocationNotOffered(_, let strategy):
            .give(.allocation, "one of " + strategy.allocations.map(\.rawValue).joined(separator: ", "))
        case .releasedCodeRefuses: .give(.allocation, "paper")
        case .unusedOption(let option, _): .omit(Self.parameter(option))
        case .noSeparators: .omit(.keepSeparators)
        case .classTokenKept: .give(.budget, "full")
        case .invalidSelection: .advice("mend the strategy, or use another")
        case .invalidLayout, .invalidAttention: nil
        }
    }
}

extension SchedulingError: Failure {
    public var kind: FailureKind { .invalidRequest }
    public var subject: FailureSubject? { nil }
    public var problem: String {
        switch self {
        case .outOfRange(let name, let value, _): "\(name) cannot be \(value)"
        }
    }
    public var remedy: Remedy? {
        switch self {
        case .outOfRange(_, _, let allowed):
            .advice("give a number from \(allowed.lowerBound) to \(allowed.upperBound)")
        }
    }
}
