import Foundation
import HiREDInference

/// Figures of an answer, for people.
enum ChatFigures {
    /// - Parameter waited: milliseconds between the question and its start.
    static func line(_ result: GenerationResult, waited: Double) -> String {
        var parts: [String] = []
        if !result.images.isEmpty {
            let (kept, full) = (result.images.reduce(0) { $0 + $1.kept }, result.images.reduce(0) { $0 + $1.full })
            parts.append("\(kept) of \(full) image tokens")
        }
        parts.append("first token after \(time(waited + result.timings.timeToFirstToken))")
        if result.reusedTokens > 0 {
            parts.append("\(result.reusedTokens) of \(result.promptTokens) prompt tokens known")
        }
        // The first token is not decoded from another.
        if result.tokens.count > 1, result.timings.decode > 0 {
            let rate = 1000 * Double(result.tokens.count - 1) / result.timings.decode
            parts.append(String(format: "%.3g tokens/s", rate))
        }
        return parts.joined(separator: ", ")
    }

    static func time(_ milliseconds: Double) -> String {
        milliseconds < 999.5
            ? String(format: "%.0f ms", milliseconds) : String(format: "%.1f s", milliseconds / 1000)
    }

    /// A column of a comparison: the budget's name, what it came to, and the answer.
    static func column(_ name: String, _ result: GenerationResult) -> String {
        let kept = result.images.reduce(0) { $0 + $1.kept }
        return """
            \(name): \(kept) image tokens
            first token after \(time(result.timings.timeToFirstToken))

            \(result.answer)
            """
    }
}
