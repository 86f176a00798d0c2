/// What an answer is worth.
struct Score: Sendable, Equatable {
    /// 0 to 1.
    var value: Double
    /// MME and POPE: what was understood: yes, no, or something else.
    var said: String?
}

extension EvaluationTask {
    /// Scores one answer.
    func score(_ answer: String, _ sample: Sample, _ version: MetricVersion) -> Score {
        let answer = CodePoints(answer)
        let references = sample.answers.map { CodePoints($0) }
        switch self {
        case .questions: return Score(value: references.contains { $0.stripped == answer.stripped } ? 1 : 0)
        case .vqav2: return Score(value: Self.vqav2(answer, references, version))
        case .textvqa:
            return Score(
                value: Self.consensus(
                    AnswerNormalizer.normalize(answer), references.map(AnswerNormalizer.normalize)))
        case .docvqa: return Score(value: Self.similarity(answer, references))
        case .chartqa: return Score(value: Self.isClose(answer, references[0]) ? 1 : 0)
        case .ocrbench:
            return Score(
                value: Self.contains(answer, references, isFormula: sample.dataset == "HME100k", version) ? 1 : 0)
        case .mme:
            let said = Self.yesOrNo(answer, version)
            return Score(value: said == sample.answers[0] ? 1 : 0, said: said)
        case .pope:
            let said = answer.lowercased.stripped.string
            return Score(value: CodePoints(said) == references[0] ? 1 : 0, said: said)
        case .scienceqa: return Score(value: Self.isLetter(answer, references[0], version) ? 1 : 0)
        }
    }

    private static func vqav2(_ answer: CodePoints, _ references: [CodePoints], _ version: MetricVersion) -> Double {
        func plain(_ text: CodePoints) -> CodePoints {
            AnswerNormalizer.withoutArticles(AnswerNormalizer.withoutPunctuation(text))
        }
        switch version {
        case .paper:
            // Where all annotators agree, their answer stays as they wrote it.
            let isAgreed = Set(references).count == 1
            return consensus(AnswerNormalizer.normalize(answer), isAgreed ? references : references.map(plain))
        case .current:
            return consensus(
                plain(AnswerNormalizer.singleLine(answer)), references.map { plain(AnswerNormalizer.singleLine($0)) })
        }
    }

    /// The mean over annotators of how many of the others agree with the answer: three are enough.
    private static func consensus(_ answer: CodePoints, _ references: [CodePoints]) -> Double {
        let all = references.count { $0 == answer }
        let sum = references.reduce(0.0) { sum, reference in
            sum + min(1, Double(reference == answer ? all - 1 : all) / 3)
        }
        return references.isEmpty ? 0 : sum / Double(references.count)
    }

    /// ANLS: 1 − edit distance over the longer length, 0 below a half. Lengths are those before spaces collapse.
    private static func similarity(_ answer: CodePoints, _ references: [CodePoints]) -> Double {
        let least = references.map { reference -> Double in
            let distance = editDistance(
                CodePoints.joined(reference.stripped.lowercased.words).scalars,
                CodePoints.joined(answer.stripped.lowercased.words).scalars)
            let length = max(reference.uppercasedCount, answer.uppercasedCount)
            return length == 0 ? 0 : Double(distance) / Double(length)
        }.min()
        let result = 1 - (least ?? 1)
        return result < 0.5 ? 0 : result
    }

    /// Levenshtein's. O(n·m).
    private static func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var distances = Array(0...left.count)
        for (row, scalar) in right.enumerated() {
            var diagonal = distances[0]
            distances[0] = row + 1
            for column in left.indices {
                let above = distances[column + 1]
                distances[column + 1] =
                    left[column] == scalar ? diagonal : 1 + min(diagonal, above, distances[column])
                diagonal = above
            }
        }
        return distances[left.count]
    }

    /// Numbers within 5 %, all else but for case. A target of 0 is compared as text.
    private static func isClose(_ answer: CodePoints, _ target: CodePoints) -> Bool {
        func number(_ text: CodePoints) -> Double? {
            guard text.hasSuffix("%") else { return PythonFloat.parse(text) }
            var digits = text.scalars
            while digits.last == "%" { digits.removeLast() }
            return PythonFloat.parse(CodePoints(digits)).map { $0 / 100 }
        }
        if let said = number(answer), let right = number(target), right != 0 {
            return abs(said - right) / abs(right) <= 0.05
        }
        return answer.lowercased == target.lowercased
    }

    private static func contains(
        _ answer: CodePoints, _ references: [CodePoints], isFormula: Bool, _ version: MetricVersion
    ) -> Bool {
        func line(_ text: CodePoints) -> CodePoints { text.stripped.replacing("\n", with: " ") }
        switch (isFormula, version) {
        case (true, _):
            // 0.1.2 lowers what the model says and not what is right.
            let said = version == .paper ? answer.lowercased : answer
            let text = line(said).replacing(" ", with: "")
            return references.contains { text.contains(line($0).replacing(" ", with: "")) }
        case (false, .paper):
            let text = line(answer.lowercased)
            return references.contains { text.contains(line($0.lowercased)) }
        case (false, .current):
            let text = line(halfWidth(answer.stripped).lowercased)
            return references.contains { text.contains(line(halfWidth($0).lowercased)) }
        }
    }

    /// Full-width ASCII and the ideographic space as ASCII.
    private static func halfWidth(_ text: CodePoints) -> CodePoints {
        CodePoints(
            text.scalars.map { scalar in
                switch scalar.value {
                case 0xFF01...0xFF5E: Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
                case 0x3000: " "
                default: scalar
                }
            })
    }

    /// MME: what stands in the first four characters.
    private static func yesOrNo(_ answer: CodePoints, _ version: MetricVersion) -> String {
        let text = answer.lowercased.stripped.replacing(".", with: "")
        if version == .current, text == "y" { return "yes" }
        if version == .current, text == "n" { return "no" }
        let start = CodePoints(text.scalars.prefix(4))
        return start.contains("yes") ? "yes" : start.contains("no") ? "no" : "other"
    }

    /// ScienceQA: the letter, or an answer that begins with it and a period.
    private static func isLetter(_ answer: CodePoints, _ target: CodePoints, _ version: MetricVersion) -> Bool {
        let (said, right) =
            version == .paper ? (answer, target) : (answer.stripped, target.lowercased)
        func folded(_ text: CodePoints) -> CodePoints { version == .paper ? text : text.lowercased }
        if folded(said) == right { return true }
        guard said.count >= 2, said.scalars[1] == ".", said.scalars[0].isPythonUppercase else { return false }
        return folded(CodePoints(said.scalars.prefix(1))) == right
    }
}

extension Unicode.Scalar {
    /// `str.isupper()` of one character: titlecase letters are none.
    var isPythonUppercase: Bool { properties.isUppercase }
}
