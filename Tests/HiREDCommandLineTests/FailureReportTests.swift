import Failures
import Foundation
import HiREDInference
import Testing

@testable import HiREDCommandLine

/// Every failure in the command line's words.
@Suite struct FailureReportTests {
    /// A name that begins with dashes is an option of some command.
    @Test(arguments: Parameter.allCases) func everyParameterHasAName(_ parameter: Parameter) throws {
        let name = parameter.commandLineName
        guard name.hasPrefix("--") else { return #expect(name.hasPrefix("the ")) }
        let commands = [["ask"], ["import"], ["bench", "run"], ["select"], ["inspect"], ["eval"]]
        let help = try commands.map { try Program.run($0 + ["--help"]).output }.joined()
        let words = help.split { " \n,.;()".contains($0) }
        #expect(words.contains { $0 == name }, "\(name)")
    }

    @Test func linesNameOptionsAndRemedies() {
        func line(_ error: any Error) -> String { FailureReport.message(error) }
        #expect(
            line(InferenceError.invalidOption(.minP, "2", remedy: "give a number from 0 to 1"))
                == "--min-p cannot be 2; give a number from 0 to 1")
        #expect(
            line(InferenceError.cacheTooSmall(needed: 9_000_000, available: 2_000_000, fittingBudget: 40))
                == "the prompt needs with its answer 9 MB of keys and values, and 2 MB are set aside; "
                + "give --budget at most 40 tokens, or give --max-tokens a smaller number, or give --kv-memory more")
        #expect(
            line(HiREDError.unusedOption(.seed, strategy: .hired))
                == "--selection-seed changes nothing with the strategy hired; leave --selection-seed out")
        #expect(
            line(JinjaError.unsupported("macro"))
                == "the checkpoint's chat template uses macro, which is not supported; give --template another")
        #expect(line(ImageError.missing(path: "a.png")) == "a.png: does not exist; give a JPEG, PNG or WebP picture")
    }

    @Test func kindsHaveTheirCodes() {
        let cases: [(any Error, HiREDCommandLine.ExitStatus)] = [
            (InferenceError.emptyPrompt, .usage), (InferenceError.queueFull(limit: 1), .temporary),
            (InferenceError.insufficientMemory(needed: 1, available: 0), .badData),
            (InferenceError.contextExceeded(promptTokens: 1, maximumTokens: 1, limit: 1), .usage),
            (InferenceError.numericalFailure, .internalFailure), (ImageError.missing(path: ""), .noInput),
            (ImageError.tooLarge(name: "", width: 1, height: 1, limit: 1), .badData),
            (TokenizerError.malformed(path: "", reason: ""), .badData), (HiREDError.invalidAlpha(""), .usage),
            (GraphError.missingTensor(name: ""), .badData), (CancellationError(), .interrupted),
        ]
        for (error, status) in cases { #expect(FailureReport.status(error) == status, "\(error)") }
    }
}
