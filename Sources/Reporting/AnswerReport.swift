package import HiREDInference

/// What `ask --json` prints.
package struct AnswerReport: Codable, Sendable, Equatable {
    package struct Tokens: Codable, Sendable, Equatable {
        package var full: Int
        package var kept: Int
        /// Null for no budget.
        package var budget: Int?
        /// Of each partition; with several pictures, one list after the other.
        package var perPartition: [Int]
        /// Left out unless load lowered the budget: what was asked for.
        package var loweredFrom: Int?

        package init(_ images: [ImageTokens], loweredFrom: Int?) {
            self.loweredFrom = loweredFrom
            full = images.reduce(0) { $0 + $1.full }
            kept = images.reduce(0) { $0 + $1.kept }
            let budgets = images.compactMap(\.budget)
            budget = budgets.isEmpty ? nil : budgets.reduce(0, +)
            perPartition = images.flatMap(\.perPartition)
        }

        private enum CodingKeys: CodingKey { case full, kept, budget, perPartition, loweredFrom }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(full, forKey: .full)
            try container.encode(kept, forKey: .kept)
            // Spelled out, so that no budget is null and not a missing key.
            try container.encode(budget, forKey: .budget)
            try container.encode(perPartition, forKey: .perPartition)
            try container.encodeIfPresent(loweredFrom, forKey: .loweredFrom)
        }
    }

    package struct Times: Codable, Sendable, Equatable {
        package var load, decodeImage, preprocess, vision, select, project, prefill, ttft, decode, total: Double

        /// Left out unless the language model is served elsewhere.
        package var upload: Double?
        /// Left out for strategies that compare no tokens.
        package var compare: Double?

        package init(_ timings: Timings, load: Double) {
            self.load = load
            decodeImage = timings.images.decode
            preprocess = timings.images.preprocess
            vision = timings.images.vision
            compare = timings.images.compare > 0 ? timings.images.compare : nil
            select = timings.images.select
            project = timings.images.project
            prefill = timings.prefill
            upload = timings.upload
            ttft = timings.timeToFirstToken
            decode = timings.decode
            total = timings.total
        }
    }

    package struct Memory: Codable, Sendable, Equatable {
        package var peakRss: Int
        package var anonymousRss: Int
        package var kvCache: Int
    }

    package var answer: String
    package var finishReason: String
    package var promptTokens: Int
    package var completionTokens: Int
    package var imageTokens: Tokens
    /// Left out without an automatic budget.
    package var budgetChoice: BudgetChoiceReport?
    /// Left out unless asked for.
    package var logprobs: [LogprobsReport]?
    package var timingsMs: Times
    package var memoryBytes: Memory

    package init(_ result: GenerationResult, load: Double, tokenizer: Tokenizer) {
        answer = result.answer
        finishReason = result.finishReason.rawValue
        promptTokens = result.promptTokens
        completionTokens = result.tokens.count
        imageTokens = Tokens(result.images, loweredFrom: result.loweredFrom)
        budgetChoice = result.budgetChoice.map(BudgetChoiceReport.init)
        logprobs = result.logprobs?.map { LogprobsReport($0, tokenizer) }
        timingsMs = Times(result.timings, load: load)
        let memory = MemoryUsage.current()
        memoryBytes = Memory(peakRss: memory.peakResident, anonymousRss: memory.anonymous, kvCache: result.cacheBytes)
    }
}
