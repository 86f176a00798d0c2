import HiRED

/// What one task's answers under one configuration come to.
package struct TaskTotals: Codable, Sendable, Equatable {
    /// A named part of the whole: a split, a category, a secondary metric.
    package struct Part: Codable, Sendable, Equatable {
        package var name: String
        package var value: Double
        /// 95 %, for kinds of questions alone.
        package var low: Double?
        package var high: Double?
        /// Questions behind it.
        package var count: Int
    }

    package var task: EvaluationTask
    package var configuration: String
    package var questions: Int
    /// In the paper's unit: per cent, OCRBench's right answers, MME's points of perception.
    package var score: Double
    /// 95 %: of means by their standard error, of MME by drawing pictures again, of exact answers by Wilson's formula.
    package var scoreLow: Double
    package var scoreHigh: Double
    /// Other metrics and splits, then categories.
    package var parts: [Part]
    /// Visual tokens of each picture.
    package var keptLeast: Int
    package var keptMedian: Double
    package var keptMean: Double
    package var keptMost: Int
    package var fullMean: Double
}

extension EvaluationTask {
    /// MME's categories of perception; all others are of cognition.
    private static let perception: Set<String> = [
        "existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark", "artwork", "OCR",
    ]

    /// - Parameters:
    ///   - samples: the questions that have an answer.
    ///   - scores: of each.
    func totals(_ samples: [Sample], _ scores: [Score]) -> (
        score: Double, low: Double, high: Double, parts: [TaskTotals.Part]
    ) {
        let values = scores.map(\.value)
        let (mean, error) = Self.meanAndError(values)
        func interval(_ scale: Double) -> (Double, Double, Double) {
            (scale * mean, scale * max(mean - 1.96 * error, 0), scale * min(mean + 1.96 * error, 1))
        }
        switch self {
        case .vqav2, .textvqa, .docvqa, .scienceqa:
            let (score, low, high) = interval(100)
            return (score, low, high, [])
        case .chartqa:
            let (score, low, high) = interval(100)
            let human = samples.map { $0.group == "human_test" }
            let parts = [("human", true), ("augmented", false)].map { name, isHuman in
                Self.part(name, values, where: human.map { $0 == isHuman }, scale: 100)
            }
            return (score, low, high, parts)
        case .ocrbench:
            // A sum of right answers: 1000 is all.
            let (score, low, high) = interval(Double(values.count))
            return (score, low, high, Self.categories(samples, values, mean: false))
        case .questions:
            let all = Self.rightAnswers("", values)
            let groups = Set(samples.map(\.group)).sorted()
            let parts =
                groups == [""]
                ? []
                : groups.map { group in
                    Self.rightAnswers(group, zip(samples, values).filter { $0.0.group == group }.map(\.1))
                }
            return (all.value, all.low ?? 0, all.high ?? 0, parts)
        case .pope:
            let (score, low, high) = interval(100)
            return (score, low, high, Self.yesRates(samples, scores))
        case .mme:
            let points = Self.mmePoints(samples, values)
            let draws = Self.redrawn(samples, values)
            return (points.perception, draws.low, draws.high, points.parts)
        }
    }

    private static func meanAndError(_ values: [Double]) -> (mean: Double, error: Double) {
        guard !values.isEmpty else { return (0, 0) }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        guard values.count > 1 else { return (mean, 0) }
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        return (mean, (variance / count).squareRoot())
    }

    /// Per cent of values that are 0 or 1, with Wilson's interval, which has a width where all are right too.
    private static func rightAnswers(_ name: String, _ values: [Double]) -> TaskTotals.Part {
        let (mean, count, z) = (meanAndError(values).mean, Double(max(values.count, 1)), 1.96)
        let middle = mean + z * z / (2 * count)
        let half = z * (mean * (1 - mean) / count + z * z / (4 * count * count)).squareRoot()
        let scale = 100 / (1 + z * z / count)
        return TaskTotals.Part(
            name: name, value: 100 * mean, low: max(scale * (middle - half), 0),
            high: min(scale * (middle + half), 100),
            count: values.count)
    }

    private static func part(_ name: String, _ values: [Double], where isIn: [Bool], scale: Double) -> TaskTotals.Part {
        let chosen = zip(values, isIn).filter(\.1).map(\.0)
        return TaskTotals.Part(name: name, value: scale * meanAndError(chosen).mean, count: chosen.count)
    }

    /// By group, in the order of names.
    private static func categories(_ samples: [Sample], _ values: [Double], mean: Bool) -> [TaskTotals.Part] {
        Set(samples.map(\.group)).sorted().map { group in
            let chosen = zip(samples, values).filter { $0.0.group == group }.map(\.1)
            let value = mean ? 100 * meanAndError(chosen).mean : chosen.reduce(0, +)
            return TaskTotals.Part(name: group, value: value, count: chosen.count)
        }
    }

    /// POPE's other rates: "yes" is what is looked for. The ratio of yes is that of the right answers, as lmms-eval has it.
    private static func yesRates(_ samples: [Sample], _ scores: [Score]) -> [TaskTotals.Part] {
        let right = samples.map { $0.answers[0] == "yes" }
        let said = scores.map { $0.said == "yes" }
        let saidNo = scores.map { $0.said == "no" }
        let hits = zip(right, said).count { $0 && $1 }
        let alarms = zip(right, said).count { !$0 && $1 }
        let misses = zip(right, saidNo).count { $0 && $1 }
        func share(_ part: Int, _ whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }
        let (precision, recall) = (share(hits, hits + alarms), share(hits, hits + misses))
        let f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
        let rates = [
            ("precision", precision), ("recall", recall), ("F1", f1),
            ("yes ratio", share(right.count { $0 }, right.count)),
        ]
        return rates.map { TaskTotals.Part(name: $0.0, value: 100 * $0.1, count: samples.count) }
            + categories(samples, scores.map(\.value), mean: true)
    }

    /// Accuracy of the questions plus accuracy of the pictures whose questions are both right, by category.
    private static func mmePoints(_ samples: [Sample], _ values: [Double]) -> (
        perception: Double, parts: [TaskTotals.Part]
    ) {
        var pictures: [String: [String: [Double]]] = [:]
        for (sample, value) in zip(samples, values) {
            pictures[sample.group, default: [:]][sample.questionID, default: []].append(value)
        }
        let parts = pictures.keys.sorted().map { category -> TaskTotals.Part in
            let entries = pictures[category] ?? [:]
            let points = entries.values.reduce(0.0) { sum, scores in
                sum + scores.reduce(0, +) / Double(scores.count) * 100 + (scores.reduce(0, +) == 2 ? 100 : 0)
            }
            return TaskTotals.Part(
                name: category, value: points / Double(entries.count), count: entries.values.reduce(0) { $0 + $1.count }
            )
        }
        func sum(_ isPerception: Bool) -> Double {
            parts.filter { perception.contains($0.name) == isPerception }.reduce(0) { $0 + $1.value }
        }
        let sums = [("perception", true), ("cognition", false)].map { name, isPerception in
            TaskTotals.Part(
                name: name, value: sum(isPerception),
                count: parts.filter { perception.contains($0.name) == isPerception }.reduce(0) { $0 + $1.count })
        }
        return (sums[0].value, sums + parts)
    }

    /// The middle 95 % of MME's perception when its pictures are drawn again, with replacement, within categories.
    private static func redrawn(_ samples: [Sample], _ values: [Double]) -> (low: Double, high: Double) {
        var pictures: [String: [String: [Double]]] = [:]
        for (sample, value) in zip(samples, values) where perception.contains(sample.group) {
            pictures[sample.group, default: [:]][sample.questionID, default: []].append(value)
        }
        let points: [[Double]] = pictures.keys.sorted().map { category in
            let entries = pictures[category] ?? [:]
            return entries.keys.sorted().map { id in
                let scores = entries[id] ?? []
                return scores.reduce(0, +) / Double(max(scores.count, 1)) * 100 + (scores.reduce(0, +) == 2 ? 100 : 0)
            }
        }
        var generator = SplitMix64(seed: 13)
        let draws = 1000
        let sums = (0..<draws).map { _ in
            points.reduce(0.0) { sum, category in
                sum + category.indices.reduce(0.0) { part, _ in
                    part + category[Int.random(in: category.indices, using: &generator)]
                } / Double(category.count)
            }
        }.sorted()
        return (sums[draws * 25 / 1000], sums[draws * 975 / 1000 - 1])
    }
}
