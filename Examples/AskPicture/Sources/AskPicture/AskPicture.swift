import Foundation
import HiREDInference

/// AskPicture MODEL PICTURE QUESTION
@main
enum AskPicture {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 3, let model = arguments.first, let question = arguments.last else {
            print("usage: AskPicture MODEL PICTURE QUESTION")
            exit(64)
        }
        let picture = ImageInput.file(URL(fileURLWithPath: arguments[arguments.startIndex + 1]))
        let engine = try VisionLanguageModel(contentsOf: URL(fileURLWithPath: model))
        try await engine.warmUp { progress in print("warming up: \(progress.done + 1) of \(progress.total)") }

        var selection = SelectionOptions()
        selection.budget = try TokenBudget(parsing: "20%")
        let request = GenerationRequest(
            GenerationRequest.question(question, imageCount: 1), images: [picture], selection: selection,
            maximumTokens: 64)

        // What it will cost, from the picture's header alone.
        let count = try engine.count(request)
        print(
            "at most \(count.promptTokens) prompt tokens, \(count.images[0].planned) of the picture's \(count.images[0].full)"
        )

        for try await event in engine.generate(request) {
            switch event {
            case .selected(_, let tokens): print("kept of each view: \(tokens.perPartition)")
            case .token(let token): print(token.text, terminator: "")
            case .finished(let result): print("\n\(result.tokens.count) tokens, \(result.finishReason.rawValue)")
            default: break
            }
        }
    }
}
