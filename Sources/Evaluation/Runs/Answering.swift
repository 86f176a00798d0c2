import Failures
package import Foundation
package import HiREDInference
package import Reporting

/// A question as it is put to a model.
package struct EvaluationQuestion: Sendable {
    package var prompt: String
    package var picture: URL
    package var options: SelectionOptions
    package var maximumTokens: Int
}

/// What a model says, and what it cost.
package struct EvaluatedAnswer: Sendable {
    package var text: String
    package var fullTokens: Int
    package var keptTokens: Int
    /// Milliseconds.
    package var ttft: Double
    package var total: Double

    package init(text: String, fullTokens: Int, keptTokens: Int, ttft: Double, total: Double) {
        self.text = text
        self.fullTokens = fullTokens
        self.keptTokens = keptTokens
        self.ttft = ttft
        self.total = total
    }
}

/// Whoever answers: a loaded model, or a server.
package protocol Answering: Sendable {
    func answer(_ question: EvaluationQuestion) async throws -> EvaluatedAnswer
    /// The picture with what is kept of it; none where that cannot be told.
    func keptTokens(_ question: EvaluationQuestion) async throws -> [KeptTokenView]
}

/// A model in this process. Each question pays for its own picture, so that times compare.
package struct LoadedModel: Answering {
    private let model: VisionLanguageModel
    private let template: ChatTemplate?

    /// - Parameter template: nil for the checkpoint's own.
    package init(_ model: VisionLanguageModel, template: ChatTemplate? = nil) {
        self.model = model
        self.template = template
    }

    package func answer(_ question: EvaluationQuestion) async throws -> EvaluatedAnswer {
        var request = GenerationRequest(
            GenerationRequest.question(question.prompt, imageCount: 1, template: template),
            images: [.file(question.picture)], selection: question.options, maximumTokens: question.maximumTokens)
        request.reusesCaches = false
        while true {
            do {
                for try await case .finished(let result) in model.generate(request) {
                    return EvaluatedAnswer(
                        text: result.answer, fullTokens: result.images.reduce(0) { $0 + $1.full },
                        keptTokens: result.images.reduce(0) { $0 + $1.kept }, ttft: result.timings.timeToFirstToken,
                        total: result.timings.total)
                }
                throw CancellationError()
            } catch let failure as any Failure where failure.kind == .overloaded && isBusy {
                // It does not fit beside the others; their end makes room.
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private var isBusy: Bool {
        let now = model.statistics()
        return now.waiting + now.running > 0
    }

    package func keptTokens(_ question: EvaluationQuestion) async throws -> [KeptTokenView] {
        try KeptTokenPicture(await model.select(.file(question.picture), options: question.options)).views()
    }
}
