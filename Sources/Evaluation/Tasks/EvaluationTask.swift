/// The eight benchmarks of the paper, as lmms-eval runs them, and questions of one's own.
package enum EvaluationTask: String, Sendable, Codable, CaseIterable {
    case vqav2, scienceqa, textvqa, docvqa, ocrbench, mme, pope, chartqa
    /// Asked as they are written, answered exactly or wrongly, told apart by their kind: no benchmark's.
    case questions

    /// The paper's.
    package static let benchmarks = allCases.filter { $0 != .questions }

    /// lmms-eval's name of the split that is scored.
    package var splitName: String {
        switch self {
        case .vqav2: "vqav2_val"
        case .scienceqa: "scienceqa_img"
        case .textvqa: "textvqa_val"
        case .docvqa: "docvqa_val"
        case .ocrbench, .mme, .pope, .chartqa, .questions: rawValue
        }
    }

    /// For tables.
    package var title: String {
        switch self {
        case .vqav2: "VQAv2"
        case .scienceqa: "ScienceQA"
        case .textvqa: "TextVQA"
        case .docvqa: "DocVQA"
        case .ocrbench: "OCRBench"
        case .mme: "MME"
        case .pope: "POPE"
        case .chartqa: "ChartQA"
        case .questions: "Questions"
        }
    }

    /// The longest answer, in tokens.
    package var maximumTokens: Int {
        switch self {
        case .vqav2, .chartqa, .mme, .scienceqa: 16
        case .docvqa: 32
        case .ocrbench, .pope, .questions: 128
        case .textvqa: 1024
        }
    }

    /// - Parameter name: this project's, or lmms-eval's.
    /// - Throws: `EvaluationError.unknownTask`.
    package init(parsing name: String) throws(EvaluationError) {
        guard let task = Self.allCases.first(where: { $0.rawValue == name || $0.splitName == name }) else {
            throw .unknownTask(name)
        }
        self = task
    }

    private static let shortAnswer = "\nAnswer the question using a single word or phrase."

    /// What is asked: lmms-eval's prompts, the same in both of its versions.
    func prompt(_ sample: Sample) -> String {
        switch self {
        case .questions: return sample.question
        case .vqav2, .docvqa: return sample.question + Self.shortAnswer
        case .textvqa: return CodePoints(sample.question).capitalized.string + Self.shortAnswer
        case .chartqa: return sample.question + "\nAnswer the question with a single word."
        case .ocrbench: return CodePoints(sample.question).stripped.string
        case .pope: return CodePoints(sample.question).stripped.string + Self.shortAnswer
        case .mme:
            return CodePoints(sample.question).stripped.replacing(" Please answer yes or no.", with: "").string
                + Self.shortAnswer
        case .scienceqa:
            let context = sample.hint.isEmpty ? "" : "Context: \(sample.hint)\n"
            let options = sample.choices.enumerated().map { "\(Sample.letter($0)). \($1)" }
            return context + sample.question + "\n" + options.joined(separator: "\n")
                + "\nAnswer with the option's letter from the given choices directly."
        }
    }
}

/// Whose metrics are used.
package enum MetricVersion: String, Sendable, Codable, CaseIterable {
    /// lmms-eval 0.1.2, which the paper used.
    case paper
    /// lmms-eval 0.7, which PyPI has.
    case current
}
