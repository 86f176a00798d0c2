import Foundation
import HiRED
import Inference
import Tokenization

enum Output {
    /// Unbuffered, so that streamed text and lines keep their order in a pipe too.
    static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
    /// A remark on standard error.
    static func note(_ text: String) { FileHandle.standardError.write(Data("hired: \(text)\n".utf8)) }
    static func line(_ text: String) { write(text + "\n") }

    static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = try encoder.encode(value)
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }
}

/// What `ask --json` prints.
struct AnswerReport: Encodable {
    struct Tokens: Encodable {
        var full: Int
        var kept: Int
        /// Null for no budget.
        var budget: Int?
        /// Of each partition; with several pictures, one list after the other.
        var perPartition: [Int]
        /// Left out unless load lowered the budget: what was asked for.
        var loweredFrom: Int?

        init(_ images: [ImageTokens], loweredFrom: Int?) {
            self.loweredFrom = loweredFrom
            full = images.reduce(0) { $0 + $1.full }
            kept = images.reduce(0) { $0 + $1.kept }
            let budgets = images.compactMap(\.budget)
            budget = budgets.isEmpty ? nil : budgets.reduce(0, +)
            perPartition = images.flatMap(\.perPartition)
        }

        private enum CodingKeys: CodingKey { case full, kept, budget, perPartition, loweredFrom }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(full, forKey: .full)
            try container.encode(kept, forKey: .kept)
            // Spelled out, so that no budget is null and not a missing key.
            try container.encode(budget, forKey: .budget)
            try container.encode(perPartition, forKey: .perPartition)
            try container.encodeIfPresent(loweredFrom, forKey: .loweredFrom)
        }
    }

    struct Times: Encodable {
        var load, decodeImage, preprocess, vision, select, project, prefill, ttft, decode, total: Double

        init(_ timings: Timings, load: Double) {
            self.load = load
            decodeImage = timings.decodeImage
            preprocess = timings.preprocess
            vision = timings.vision
            select = timings.select
            project = timings.project
            prefill = timings.prefill
            ttft = timings.timeToFirstToken
            decode = timings.decode
            total = timings.total
        }
    }

    struct Memory: Encodable {
        var peakRss: Int
        var anonymousRss: Int
        var kvCache: Int
    }

    var answer: String
    var finishReason: String
    var promptTokens: Int
    var completionTokens: Int
    var imageTokens: Tokens
    /// Left out without an automatic budget.
    var budgetChoice: BudgetChoiceReport?
    /// Left out unless asked for.
    var logprobs: [LogprobsReport]?
    var timingsMs: Times
    var memoryBytes: Memory

    init(_ result: GenerationResult, load: Double, tokenizer: Tokenizer) {
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

/// What `select --json` prints.
struct SelectionReport: Encodable {
    struct Layout: Encodable {
        var imageWidth, imageHeight, canvasWidth, canvasHeight, tileRows, tileColumns, tokensPerPartition: Int
        /// x, y, width, height on the canvas.
        var content: [Int]
        var full: Int
    }

    var layout: Layout
    var budget: Int?
    var budgets: [Int]
    var scores: [Double]
    var kept: [[Int]]
    var packed: Int
    /// Tokens in packed order as [partition, index]; a separator is [].
    var slots: [[Int]]

    init(_ tokens: ImageTokens) {
        let shape = tokens.layout
        layout = Layout(
            imageWidth: shape.imageSize.width, imageHeight: shape.imageSize.height, canvasWidth: shape.canvasSize.width,
            canvasHeight: shape.canvasSize.height, tileRows: shape.tileRows, tileColumns: shape.tileColumns,
            tokensPerPartition: shape.tokensPerPartition,
            content: [shape.content.x, shape.content.y, shape.content.width, shape.content.height],
            full: shape.fullTokenCount)
        budget = tokens.budget
        budgets = tokens.selection.allocation.budgets
        scores = tokens.selection.allocation.scores
        kept = tokens.selection.kept
        packed = tokens.kept
        slots = tokens.selection.slots.map { slot in
            if case .token(let partition, let index) = slot { [partition, index] } else { [] }
        }
    }
}
