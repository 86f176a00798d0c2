import Failures
import HiREDInference
import Reporting

/// What `batch` prints for a question: its answer, or why there is none.
struct BatchLine: Encodable {
    struct Problem: Encodable {
        /// The kind of failure, as in `FailureKind`.
        var kind: String
        var message: String
    }

    /// In the file of questions, from 1.
    var line: Int
    /// Left out where the line cannot be read.
    var image: String?
    var question: String?
    /// Left out where there is none, and so are the answer's properties.
    var answer: String?
    var imageTokens: Int?
    var ttftMs: Double?
    /// Left out without an automatic budget.
    var budgetChoice: BudgetChoiceReport?
    /// Left out unless asked for.
    var logprobs: [LogprobsReport]?
    /// Left out where there is an answer.
    var error: Problem?

    /// A line without an answer.
    init(_ line: Int, _ question: BatchQuestions.Question?, failure: any Error) {
        self.line = line
        (image, self.question) = (question?.image, question?.question)
        let kind: FailureKind =
            switch failure {
            case let failure as any Failure: failure.kind
            case let failure as CommandError where failure.status == .noInput: .notFound
            case is CommandError: .invalidRequest
            default: .internal
            }
        error = Problem(kind: kind.rawValue, message: FailureReport.message(failure))
    }

    init(_ line: Int, _ question: BatchQuestions.Question, result: GenerationResult, tokenizer: Tokenizer) {
        self.line = line
        (image, self.question) = (question.image, question.question)
        answer = result.answer
        imageTokens = result.images.reduce(0) { $0 + $1.kept }
        ttftMs = result.timings.timeToFirstToken
        budgetChoice = result.budgetChoice.map(BudgetChoiceReport.init)
        logprobs = result.logprobs?.map { LogprobsReport($0, tokenizer) }
    }
}
