import Failures
import Foundation
import HTTPTypes
import HiREDInference
import Hummingbird
import HummingbirdCore
import NIOCore
import OrderedJSON

/// Puts failures into HTTP's words: a status, and the names of fields. The one place that knows both.
struct ErrorTranslation: Sendable {
    /// Seconds after which a place may be free.
    var retryAfterSeconds: @Sendable () -> Int = { 1 }

    func error(for error: any Error) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as InferenceError: return inference(error)
        case let error as RemoteLanguageError: return remote(error)
        case let error as ImageError:
            return APIError(status(error.kind), line(error), parameter: "messages", code: "invalid_image")
        case let error as JSONError:
            return error.kind == .tooLarge
                ? APIError(.contentTooLarge, "the body " + error.problem, code: "body_too_large")
                : APIError(.badRequest, "the body " + error.problem, code: "invalid_json")
        case is JinjaError:
            return APIError(.badRequest, line(error), parameter: "messages", code: "invalid_messages")
        case let error as any Failure: return failure(error)
        case is CancellationError: return .clientGone
        case let error as HTTPError: return APIError(error.status, error.body ?? error.status.reasonPhrase)
        default: return APIError(.internalServerError, .server, "a fault of the server", code: "internal_error")
        }
    }

    private func inference(_ error: InferenceError) -> APIError {
        switch error {
        case .contextExceeded, .cacheTooSmall:
            APIError(.badRequest, line(error), parameter: "messages", code: "context_length_exceeded")
        case .queueFull, .imageMemoryFull:
            APIError(
                .tooManyRequests, .rateLimit, line(error), code: "overloaded", retryAfterSeconds: retryAfterSeconds())
        case .draining:
            APIError(
                .serviceUnavailable, .server, line(error), code: "shutting_down", retryAfterSeconds: 5)
        case .deadlineExceeded: APIError(.gatewayTimeout, .server, line(error), code: "deadline_exceeded")
        default: failure(error)
        }
    }

    /// Of a language model that is served elsewhere: the client did nothing wrong.
    private func remote(_ error: RemoteLanguageError) -> APIError {
        switch error {
        case .unavailable:
            APIError(
                .serviceUnavailable, .server, line(error), code: "language_model_unavailable", retryAfterSeconds: 5)
        case .timedOut: APIError(.gatewayTimeout, .server, line(error), code: "language_model_timeout")
        case .interrupted, .refused, .protocolViolation, .mismatch:
            APIError(.badGateway, .server, line(error), code: "language_model_failed")
        case .invalidAddress, .unsendable, .missing: failure(error)
        }
    }

    private func failure(_ error: any Failure) -> APIError {
        let status = status(error.kind)
        var parameter: String?
        if case .parameter(let name) = error.subject { parameter = name.fieldName }
        switch error.kind {
        case .invalidRequest, .tooLarge, .damagedFile:
            return APIError(status, line(error), parameter: parameter, code: "invalid_value")
        case .overloaded:
            return APIError(
                status, .rateLimit, line(error), code: "overloaded", retryAfterSeconds: retryAfterSeconds())
        case .notFound, .unsupportedModel, .cannotWrite, .internal:
            return APIError(status, .server, line(error), parameter: parameter, code: "internal_error")
        }
    }

    private func status(_ kind: FailureKind) -> HTTPResponse.Status {
        switch kind {
        case .invalidRequest, .tooLarge, .damagedFile: .badRequest
        case .overloaded: .tooManyRequests
        case .notFound, .unsupportedModel, .cannotWrite, .internal: .internalServerError
        }
    }

    /// Without remedies that name what a request cannot set.
    private func line(_ error: any Error) -> String {
        guard let failure = error as? any Failure else { return "\(error)" }
        let told = Told(failure, remedy: failure.remedy.flatMap(Self.remedy))
        return FailureText.line(of: told) { $0.fieldName ?? $0.rawValue }
    }

    private static func remedy(_ remedy: Remedy) -> Remedy? {
        switch remedy {
        case .give(let parameter, _), .omit(let parameter): return parameter.fieldName == nil ? nil : remedy
        case .anyOf(let all):
            let left = all.compactMap(Self.remedy)
            return left.isEmpty ? nil : .anyOf(left)
        case .advice, .retry: return remedy
        }
    }

    private struct Told: Failure {
        let kind: FailureKind
        let subject: FailureSubject?
        let problem: String
        let remedy: Remedy?

        init(_ failure: any Failure, remedy: Remedy?) {
            kind = failure.kind
            subject = failure.subject
            problem = failure.problem
            self.remedy = remedy
        }
    }
}

extension Parameter {
    /// The field of a request that sets it; nil where none does.
    var fieldName: String? {
        switch self {
        case .prompt, .images: "messages"
        case .model: "model"
        case .budget: "visual_tokens.budget"
        case .alpha: "visual_tokens.alpha"
        case .strategy: "visual_tokens.strategy"
        case .allocation: "visual_tokens.allocation"
        case .selectionSeed: "visual_tokens.seed"
        case .keepSeparators: "visual_tokens.keep_separators"
        case .tokenPositions: "visual_tokens.positions"
        case .emptyTileShare: "visual_tokens.skip_tiles"
        case .maximumSecondsToFirstToken: "visual_tokens.max_ttft"
        case .maximumMemory: "visual_tokens.max_memory"
        case .temperature: "temperature"
        case .topK: "top_k"
        case .topP: "top_p"
        case .minP: "min_p"
        case .repetitionPenalty: "repetition_penalty"
        case .presencePenalty: "presence_penalty"
        case .frequencyPenalty: "frequency_penalty"
        case .seed: "seed"
        case .stop: "stop"
        case .logprobs: "top_logprobs"
        case .maximumTokens: "max_tokens"
        case .answerCount: "n"
        case .template, .maximumPixels, .suppressedTokens, .noRepeatRunLength, .minimumTokens, .deadline,
            .generationSettings, .precision, .threads, .cacheMemory, .cachePrecision, .maximumSequences,
            .maximumWaiting, .timeBetweenTokens, .scoringLayer, .rankingLayer, .head, .activationGroups, .device,
            .visionDevice, .languageModelURL, .languageModelName, .languageModelRows, .destination, .weights,
            .visionWeights, .visionTower, .languageModel:
            nil
        }
    }
}
