package import HiREDInference

/// An automatic budget's outcome in JSON.
package struct BudgetChoiceReport: Codable, Sendable, Equatable {
    package var mode = "auto"
    /// Over all pictures.
    package var tokens: Int
    package var predictedTtftMs: Double
    /// Left out unless given, like the next.
    package var targetTtftMs: Double?
    package var predictedMemoryBytes: Int
    package var targetMemoryBytes: Int?
    package var meetsTarget: Bool

    package init(_ choice: BudgetChoice) {
        tokens = choice.tokens
        predictedTtftMs = choice.predictedMillisecondsToFirstToken
        targetTtftMs = choice.targetMillisecondsToFirstToken
        predictedMemoryBytes = choice.predictedBytes
        targetMemoryBytes = choice.targetBytes
        meetsTarget = choice.meetsTarget
    }
}
