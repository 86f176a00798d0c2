import ArgumentParser
import Checkpoints
import Foundation
import HiRED
import ImageProcessing
import Inference
import ModelGraphs
import ModelImport
import Tokenization

/// Codes of sysexits.h.
enum ExitStatus: Int32 {
    case usage = 64
    case badData = 65
    case noInput = 66
    case internalFailure = 70
    case cannotCreate = 73
    case temporary = 75
    case interrupted = 130
}

enum Failure {
    /// Prints one line and ends the program.
    static func report(_ error: any Error) -> Never {
        Progress.clear()
        FileHandle.standardError.write(Data("hired: \(message(error))\n".utf8))
        exit(status(error).rawValue)
    }

    private static func message(_ error: any Error) -> String {
        // Own errors say what to do; the parser's are asked for their text without the usage.
        let isOwn = error is HiREDError || error is InferenceError || error is CommandError
        let text = status(error) == .usage && !isOwn ? HiREDCommand.message(for: error) : "\(error)"
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    static func status(_ error: any Error) -> ExitStatus {
        switch error {
        case is HiREDError: return .usage
        case let error as InferenceError:
            switch error {
            case .invalidOption, .emptyPrompt, .imageCountMismatch, .contextExceeded: return .usage
            case .unsupportedModel, .inconsistentModel, .insufficientMemory: return .badData
            case .cacheTooSmall: return .usage
            case .queueFull, .deadlineExceeded: return .temporary
            case .numericalFailure: return .internalFailure
            }
        case let error as ImageError:
            if case .missing = error { return .noInput }
            if case .unreadable = error { return .noInput }
            return .badData
        case let error as CheckpointError:
            return error.code == .missing || error.code == .unreadable ? .noInput : .badData
        case is GraphError: return .badData
        case let error as ImportError:
            switch error {
            case .destinationExists, .destinationInUse, .diskFull, .cannotWrite: return .cannotCreate
            case .unusableValues, .foreignModel: return .badData
            case .missingFile: return .noInput
            }
        case let error as TokenizerError:
            if case .missing = error { return .noInput }
            if case .unreadable = error { return .noInput }
            return .badData
        case let error as CommandError: return error.status
        case is JinjaError: return .badData
        case is CancellationError: return .interrupted
        default:
            let code = HiREDCommand.exitCode(for: error)
            return code == .validationFailure ? .usage : .internalFailure
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
