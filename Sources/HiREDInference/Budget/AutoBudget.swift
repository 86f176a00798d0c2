import Failures

/// Lets the machine choose: the largest budget that meets every target given.
public struct AutoBudget: Sendable, Hashable {
    /// From the request's start to its first token.
    public var maximumSecondsToFirstToken: Double?
    /// Bytes of the process that are not backed by a file, with the keys and values of this request.
    public var maximumBytes: Int?
    /// Each picture gets this many tokens (or all it has, if that is less) even when a target is missed by them: fewer
    /// than a block of the cache saves no memory and little time, and leaves hardly a picture.
    public var floor = 32

    public init(maximumSecondsToFirstToken: Double? = nil, maximumBytes: Int? = nil) {
        self.maximumSecondsToFirstToken = maximumSecondsToFirstToken
        self.maximumBytes = maximumBytes
    }

    /// - Throws: `InferenceError.invalidOption`.
    public func validate() throws {
        guard maximumSecondsToFirstToken != nil || maximumBytes != nil else {
            throw InferenceError.invalidOption(.budget, "auto", remedy: "give max-ttft or max-memory with it")
        }
        if let seconds = maximumSecondsToFirstToken, !(seconds > 0 && seconds <= 1e6) {
            throw InferenceError.invalidOption(
                .maximumSecondsToFirstToken, "\(seconds)",
                remedy: "give seconds above 0 and up to a million, such as 2.5")
        }
        if let bytes = maximumBytes, bytes <= 0 {
            throw InferenceError.invalidOption(.maximumMemory, "\(bytes)", remedy: "give bytes above 0, such as 2GB")
        }
        guard floor > 0 else {
            throw InferenceError.invalidOption(.budget, "auto with a floor of \(floor)", remedy: "give at least 1")
        }
    }
}

/// What an automatic budget came to, and what it was expected to cost.
public struct BudgetChoice: Sendable, Equatable {
    /// The budget of each picture.
    public var tokensPerImage: [Int]
    public var predictedMillisecondsToFirstToken: Double
    public var targetMillisecondsToFirstToken: Double?
    public var predictedBytes: Int
    public var targetBytes: Int?
    /// False when not even the floor meets the targets; the floor is what was chosen then.
    public var meetsTarget: Bool

    /// Over all pictures.
    public var tokens: Int { tokensPerImage.reduce(0, +) }
}

/// The room that a request with an automatic budget has.
struct AutoBudgetRoom: Equatable {
    /// What the choice needs to know of a picture.
    struct Image: Equatable {
        var views: Int
        /// 100 %: the largest budget that means anything.
        var totalTokens: Int
        /// Tokens that a budget of 100 % keeps.
        var mostTokens: Int
    }

    var images: [Image]
    var textTokens: Int
    var answerTokens: Int
    /// Milliseconds of the request's time that have passed.
    var elapsedMilliseconds: Double
    /// Tokens that the model can read.
    var context: Int
    /// Tokens that the cache can hold.
    var cacheTokens: Int
}

extension AutoBudget {
    /// The largest budget per picture, the same for all, that meets the targets; the floor if none does.
    ///
    /// Pictures that have fewer tokens than that leave the rest to the others. O(images · log tokens).
    func choose(_ room: AutoBudgetRoom, cost: CostModel, conditions: CostModel.Conditions) -> BudgetChoice {
        let most = room.images.reduce(1) { max($0, $1.totalTokens) }
        // Every cost grows with the budget: what meets the targets is everything up to some number.
        var (low, high) = (min(floor, most), most)
        if choice(low, room, cost, conditions).meetsTarget {
            while low < high {
                let middle = low + (high - low + 1) / 2
                if choice(middle, room, cost, conditions).meetsTarget { low = middle } else { high = middle - 1 }
            }
        }
        return choice(low, room, cost, conditions)
    }

    private func choice(
        _ budget: Int, _ room: AutoBudgetRoom, _ cost: CostModel, _ conditions: CostModel.Conditions
    ) -> BudgetChoice {
        let imageTokens = room.images.reduce(0) { $0 + min(budget, $1.mostTokens) }
        let work = CostModel.Work(
            views: room.images.reduce(0) { $0 + $1.views }, imageTokens: imageTokens, textTokens: room.textTokens,
            answerTokens: min(room.answerTokens, max(room.context - imageTokens - room.textTokens, 1)))
        let milliseconds = room.elapsedMilliseconds + cost.milliseconds(work, conditions)
        let bytes = cost.bytes(work, conditions)
        let target = maximumSecondsToFirstToken.map { 1000 * $0 }
        let fits =
            work.promptTokens < room.context && work.promptTokens + work.answerTokens - 1 <= room.cacheTokens
        return BudgetChoice(
            tokensPerImage: room.images.map { min(budget, $0.totalTokens) },
            predictedMillisecondsToFirstToken: milliseconds, targetMillisecondsToFirstToken: target,
            predictedBytes: bytes, targetBytes: maximumBytes,
            meetsTarget: fits && milliseconds <= target ?? .infinity && bytes <= maximumBytes ?? .max)
    }
}
