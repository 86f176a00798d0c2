import ArgumentParser
import Failures
import Foundation

/// Codes of sysexits.h, and two of the shell's habits: a part is missing, interrupted.
enum ExitStatus: Int32 {
    case incomplete = 1
    case usage = 64
    case badData = 65
    case noInput = 66
    case internalFailure = 70
    case cannotCreate = 73
    case cannotWrite = 74
    case temporary = 75
    case interrupted = 130
}

/// Puts failures into the command line's words: option names and exit codes. The one place that knows both.
enum FailureReport {
    /// Prints one line and ends the program.
    static func end(_ error: any Error) -> Never {
        Progress.clear()
        Output.note(message(error))
        exit(status(error).rawValue)
    }

    /// - Parameter name: what the reader calls a parameter.
    static func message(_ error: any Error, name: (Parameter) -> String = \.commandLineName) -> String {
        let text =
            switch error {
            case let error as CommandError: error.description
            case let error as any Failure: FailureText.line(of: error, name: name)
            // The parser's are asked for their text without the usage.
            default: status(error) == .usage ? HiREDCommand.message(for: error) : "\(error)"
            }
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    static func status(_ error: any Error) -> ExitStatus {
        switch error {
        case let error as CommandError: return error.status
        case is CancellationError: return .interrupted
        case let error as any Failure: return status(error.kind, subject: error.subject)
        default:
            let code = HiREDCommand.exitCode(for: error)
            return code == .validationFailure ? .usage : .internalFailure
        }
    }

    private static func status(_ kind: FailureKind, subject: FailureSubject?) -> ExitStatus {
        switch kind {
        case .invalidRequest: .usage
        // A request that is too large can be asked otherwise; a file that is cannot.
        case .tooLarge: if case .file = subject { .badData } else { .usage }
        case .overloaded: .temporary
        case .notFound: .noInput
        case .damagedFile, .unsupportedModel: .badData
        case .cannotWrite: .cannotCreate
        case .internal: .internalFailure
        }
    }
}

extension Parameter {
    /// What the command line calls it: an option, or a word where it has none.
    var commandLineName: String {
        switch self {
        case .prompt: "the prompt"
        case .model: "the model"
        case .destination: "the destination"
        case .answerCount: "the number of answers"
        case .deadline: "the deadline"
        case .maximumSequences: "the number of sequences"
        case .maximumWaiting: "the number of waiting requests"
        case .timeBetweenTokens: "the time between tokens"
        case .template: "--template"
        case .images: "--image"
        case .maximumPixels: "--max-pixels"
        case .budget: "--budget"
        case .alpha: "--alpha"
        case .strategy: "--strategy"
        case .allocation: "--allocation"
        case .selectionSeed: "--selection-seed"
        case .keepSeparators: "--keep-separators"
        case .tokenPositions: "--positions"
        case .emptyTileShare: "--skip-tiles"
        // Options of evaluations, which take lists of them.
        case .scoringLayer: "--init-layers"
        case .rankingLayer: "--final-layers"
        case .head: "--heads"
        case .maximumSecondsToFirstToken: "--max-ttft"
        case .maximumMemory: "--max-memory"
        case .temperature: "--temperature"
        case .topK: "--top-k"
        case .topP: "--top-p"
        case .minP: "--min-p"
        case .repetitionPenalty: "--repetition-penalty"
        case .presencePenalty: "--presence-penalty"
        case .frequencyPenalty: "--frequency-penalty"
        case .seed: "--seed"
        case .stop: "--stop"
        case .logprobs: "--logprobs"
        case .maximumTokens: "--max-tokens"
        // No options of their own: only the model's folder can ask for them.
        case .suppressedTokens: "the suppressed tokens"
        case .noRepeatRunLength: "the length of runs that may not repeat"
        case .minimumTokens: "the least length of an answer"
        case .generationSettings: "--generation-settings"
        case .precision: "--precision"
        case .threads: "--threads"
        case .cacheMemory: "--kv-memory"
        case .cachePrecision: "--kv-precision"
        case .activationGroups: "--activation-groups"
        case .device: "--device"
        case .visionDevice: "--vision-device"
        case .weights: "--weights"
        case .visionWeights: "--vision-weights"
        case .visionTower: "--vision-tower"
        case .languageModel: "--language-model"
        case .languageModelURL: "--language-model-url"
        case .languageModelName: "--language-model-name"
        case .languageModelRows: "--language-model-rows"
        }
    }
}

/// A failure of the command line itself.
struct CommandError: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
