/// How EvalAI's VQA evaluation makes answers comparable.
///
/// Source: the answer processor of mmf (pythia/tasks/processors.py), as lmms-eval runs it, with what it does by accident:
/// a period goes wherever no digit follows, and no more than 32 of them go.
enum AnswerNormalizer {
    private static let articles: Set<CodePoints> = ["a", "an", "the"]
    private static let numbers: [CodePoints: CodePoints] = [
        "none": "0", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
        "seven": "7", "eight": "8", "nine": "9", "ten": "10",
    ]
    private static let marks: [Unicode.Scalar] = [
        ";", "/", "[", "]", "\"", "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@", "`", ",", "?", "!",
    ]
    private static let mostPeriods = 32

    /// All steps, as predictions are treated.
    static func normalize(_ text: CodePoints) -> CodePoints {
        let plain = text.lowercased.replacing(",", with: "").replacing("?", with: "").replacing("'s", with: " 's")
            .stripped
        return withoutArticles(withoutPunctuation(singleLine(plain)))
    }

    /// Line ends and tabs are spaces.
    static func singleLine(_ text: CodePoints) -> CodePoints {
        text.replacing("\n", with: " ").replacing("\t", with: " ").stripped
    }

    /// Marks go where a space stands beside one of their kind, or where the text has a comma between digits; elsewhere
    /// they become spaces.
    static func withoutPunctuation(_ text: CodePoints) -> CodePoints {
        let hasDigitComma = hasCommaBetweenDigits(text.scalars)
        var result = text
        for mark in marks {
            let isBesideSpace = text.contains(CodePoints([mark, " "])) || text.contains(CodePoints([" ", mark]))
            result = result.replacing(
                CodePoints([mark]), with: isBesideSpace || hasDigitComma ? CodePoints("") : CodePoints(" "))
        }
        var removed = 0
        let scalars = result.scalars
        return CodePoints(
            scalars.enumerated().filter { place, scalar in
                guard scalar == ".", removed < mostPeriods,
                    place + 1 == scalars.count || !scalars[place + 1].isDecimalDigit
                else { return true }
                removed += 1
                return false
            }.map(\.element))
    }

    private static func hasCommaBetweenDigits(_ scalars: [Unicode.Scalar]) -> Bool {
        for (place, scalar) in scalars.enumerated()
        where scalar == "," && place > 0 && scalars[place - 1].isDecimalDigit {
            if let next = scalars[place...].first(where: { $0 != "," }), next.isDecimalDigit { return true }
        }
        return false
    }

    /// Lower case, number words as digits, no articles, apostrophes in contractions.
    static func withoutArticles(_ text: CodePoints) -> CodePoints {
        CodePoints.joined(
            text.lowercased.words.map { numbers[$0] ?? $0 }.filter { !articles.contains($0) }
                .map { Contractions.table[$0] ?? $0 })
    }
}
